/**
 * How well the ledger can be read, asked once for everybody who asks at the same time.
 *
 * @module
 */
import { type Replay, replayOf } from "@waybill/jobspec"
import type { StoreError, StoreHealth } from "@waybill/ledger"
import { Effect } from "effect"
import type { StoredPlans } from "./storedPlans.ts"

/** Answers with what was found at most `age_ms_max` ago; looks again where that is older. */
export const makeReplayWatch = (
  health: Effect.Effect<StoreHealth, StoreError>,
  plans: Effect.Effect<StoredPlans>,
  now_ms: () => number,
): ((age_ms_max: number) => Effect.Effect<Replay, StoreError>) => {
  let last: { readonly at_ms: number; readonly replay: Replay } | undefined
  const look = Effect.gen(function* () {
    const at_ms = now_ms()
    const { ignored } = yield* plans
    const replay = replayOf(yield* health, ignored)
    last = { at_ms, replay }
    return replay
  })
  return (age_ms_max) =>
    Effect.suspend(() => {
      const age_ms = last === undefined ? Number.POSITIVE_INFINITY : now_ms() - last.at_ms
      // A clock that was set back makes what is known look as if it came from the future.
      return last !== undefined && age_ms >= 0 && age_ms < age_ms_max ? Effect.succeed(last.replay) : look
    })
}
