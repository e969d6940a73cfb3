/**
 * A start upon a long history takes seconds in which nothing else is said: whoever looks at it should see that it goes on.
 *
 * @module
 */
import type { Json } from "@waybill/ledger"
import { Clock, Effect } from "effect"
import type { Log } from "./Log.ts"

/** From when on something is told, and how often. */
const first_ms = 500
const every_ms = 5000

/** Tells what is being done for as long as it takes, if that is longer than half a second; `more` is asked each time. */
export const tellWhileLong =
  (log: Log, doing: string, more: () => Readonly<Record<string, Json>> = () => ({})) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const start_ms = yield* Clock.currentTimeMillis
      const telling = Effect.gen(function* () {
        for (let wait_ms = first_ms; ; wait_ms = every_ms) {
          yield* Effect.sleep(wait_ms)
          log("info", doing, { ...more(), after_ms: (yield* Clock.currentTimeMillis) - start_ms })
        }
      })
      return yield* Effect.raceFirst(work, telling)
    })
