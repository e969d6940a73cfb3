/**
 * Asking a queue again that could not be asked.
 *
 * @module
 */
import { Effect, Random } from "effect"
import type { WorkerObserver } from "./WorkerObserver.ts"
import type { QueueUnavailable } from "./WorkQueue.ts"

const pause_ms_min = 100
const pause_ms_max = 10_000
/** A queue that wants to be left alone for longer is asked all the same. */
const retryAfter_ms_max = 60_000

/** Makes an effect interruptible again within a region that is not. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const isUnavailable = <E>(error: E | QueueUnavailable): error is QueueUnavailable =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "QueueUnavailable"

/**
 * Asks until there is an answer: soon at first and then less often, each pause between half and the whole of 100 ms, 200 ms …
 * up to 10 s, so that many workers do not come back at one moment; not before the queue wants it. Every other failure is passed on at once.
 * Within an uninterruptible region, `restore` is what lets the pauses be interrupted.
 */
export const patiently = <A, E, R>(
  ask: Effect.Effect<A, E | QueueUnavailable, R>,
  observe: WorkerObserver,
  restore: Restore = (effect) => effect,
): Effect.Effect<A, Exclude<E, QueueUnavailable>, R> =>
  Effect.gen(function* () {
    for (let longest_ms = pause_ms_min; ; longest_ms = Math.min(longest_ms * 2, pause_ms_max)) {
      const answer = yield* Effect.result(ask)
      if (answer._tag === "Success") return answer.success
      const error = answer.failure
      if (!isUnavailable(error)) return yield* Effect.fail(error as Exclude<E, QueueUnavailable>)
      const { retryAfter_ms = 0 } = error
      const pause_ms = Math.max(
        longest_ms * (0.5 + (yield* Random.next) / 2),
        Math.min(retryAfter_ms, retryAfter_ms_max),
      )
      observe({ kind: "unavailable", error, pause_ms })
      yield* restore(Effect.sleep(pause_ms))
    }
  })
