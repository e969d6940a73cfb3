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
  /** The reading that has begun and not ended. */
  let underWay: object | undefined
  let isHiding = false
  const show = Effect.sync(() => {
    isHiding = false
  })
  const hideNow: Hiding["hideNow"] = (run) => {
    isHiding = true
    onHide()
    // A reading that has begun ends first: it may already have seen how long the file is about to be.
    return Effect.ensuring(underWay === undefined ? run : scanning.withPermits(1)(run), show)
  }
  return {
    alone: (reading) =>
      Effect.suspend(() => {
        const own = {}
        const begin = Effect.suspend(() => {
          underWay = own
          return reading
        })
        const end = Effect.sync(() => {
          if (underWay === own) underWay = undefined
        })
        return Effect.ensuring(scanning.withPermits(1)(begin), end)
      }),
    isReading: () => underWay !== undefined,
    isHiding: () => isHiding,
    hideNow,
    hideWhile: (run) => Effect.suspend(() => hideNow(run)),
  }
}
