/**
 * Reading what others have appended, and what is hidden from that: our own lines, for as long as they are not durable.
 *
 * @module
 */
import { Effect, Semaphore } from "effect"

export interface Hiding {
  /** One reading after the other. */
  readonly alone: <A, E, R>(reading: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly isReading: () => boolean
  readonly isHiding: () => boolean
  /** Hides from now on until `run` has ended: it is to be run at once, where it cannot be given up. */
  readonly hideNow: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly hideWhile: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** `onHide` is called when hiding begins. */
export const makeHiding = (onHide: () => void): Hiding => {
  const scanning = Semaphore.makeUnsafe(1)
  /** Whether a reading has begun and not ended. */
  let isReading = false
  let isHiding = false
  const begin = Effect.sync(() => {
    isReading = true
  })
  const end = Effect.sync(() => {
    isReading = false
  })
  const show = Effect.sync(() => {
    isHiding = false
  })
  const hideNow: Hiding["hideNow"] = (run) => {
    isHiding = true
    onHide()
    // A reading that has begun ends first: it may already have seen how long the file is about to be.
    return Effect.ensuring(isReading ? scanning.withPermits(1)(run) : run, show)
  }
  return {
    // It has ended before others go on: who hides then and once more within that would wait for itself.
    alone: (reading) => scanning.withPermits(1)(Effect.ensuring(Effect.andThen(begin, reading), end)),
    isReading: () => isReading,
    isHiding: () => isHiding,
    hideNow,
    hideWhile: (run) => Effect.suspend(() => hideNow(run)),
  }
}
