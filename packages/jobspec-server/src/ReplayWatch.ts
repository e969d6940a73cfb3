/**
 * How well the ledger can be read, asked once for everybody who asks at the same time.
 *
 * @module
 */
import { type Replay, replayOf } from "@waybill/jobspec"
import type { StoreError, StoreHealth } from "@waybill/ledger"
import { Deferred, Effect } from "effect"
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

  let next: Deferred.Deferred<Replay, StoreError> | undefined
  let isLooking = false
  /** A look that begins after this was asked for; one at a time, and the next one for all who asked meanwhile. */
  const lookTogether = Effect.suspend(() => {
    next ??= Deferred.makeUnsafe<Replay, StoreError>()
    const mine = next
    if (isLooking) return Deferred.await(mine)
    isLooking = true
    const looks = Effect.gen(function* () {
      while (next !== undefined) {
        const asked = next
        next = undefined
        Deferred.doneUnsafe(asked, yield* Effect.exit(look))
      }
    }).pipe(Effect.ensuring(Effect.sync(() => void (isLooking = false))))
    // Whoever hangs up meanwhile takes the others' answer away from nobody.
    return Effect.andThen(Effect.forkDetach(looks), Deferred.await(mine))
  })
  return (age_ms_max) =>
    Effect.suspend(() => {
      const age_ms = last === undefined ? Number.POSITIVE_INFINITY : now_ms() - last.at_ms
      // A clock that was set back makes what is known look as if it came from the future.
      return last !== undefined && age_ms >= 0 && age_ms < age_ms_max ? Effect.succeed(last.replay) : lookTogether
    })
}
