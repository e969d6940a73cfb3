/**
 * How long a server may take to answer before nobody is thought to be there.
 *
 * One timer watches all that is asked on a connection. A timer and the fibers of a race for each statement took about a third of
 * what this process spends on sending one.
 *
 * @module
 */
import { Effect, Latch, type Scope } from "effect"

/** In how many parts the time is counted: what is late is noticed within one of them. */
const parts = 8

export interface Deadline {
  /** Whether something was not answered in time, so that the connection was cut. */
  readonly isOver: boolean
  /** Has what is asked answered in time, or `cut` done, which must make it fail. */
  readonly keep: <A, E, R>(asked: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** @param cut is done once, when something has waited for `wait_ms` or up to an eighth longer */
export const makeDeadline = (wait_ms: number, cut: Effect.Effect<void>): Effect.Effect<Deadline, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Set<{ parts: number }>()
    const isBusy = yield* Latch.make(false)
    let isOver = false

    const watch = Effect.gen(function* () {
      while (!isOver) {
        if (waiting.size === 0) isBusy.closeUnsafe()
        yield* isBusy.await
        yield* Effect.sleep(wait_ms / parts)
        // The part in which it was asked does not count: it may have been asked at its end.
        for (const each of waiting) if (each.parts++ === parts) isOver = true
      }
      yield* cut
    })
    yield* Effect.forkScoped(watch)

    return {
      get isOver() {
        return isOver
      },
      keep: (asked) =>
        Effect.suspend(() => {
          const mine = { parts: 0 }
          waiting.add(mine)
          isBusy.openUnsafe()
          return Effect.onExit(asked, () => {
            waiting.delete(mine)
            return Effect.void
          })
        }),
    }
  })
