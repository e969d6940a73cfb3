/**
 * A write that a crash cut off at the ledger's end. Nobody was told that it is recorded; the store lays it aside, or completes it
 * where it is whole, before it appends. A server that waited for a submission to come about would say that it is not ready to whoever
 * asks before he submits.
 *
 * @module
 */
import type { JobSpec } from "@waybill/jobspec"
import { type AppendError, Decider, type LedgerShape } from "@waybill/ledger"
import { Effect, Result } from "effect"

/** Has the store see to it now, with an append of nothing. Answers whether there was something to see to. */
export const mendTail = (
  ledger: LedgerShape,
  { projections }: Pick<JobSpec.JobSpec, "projections">,
): Effect.Effect<boolean, AppendError> => {
  const nothing = Decider.make({
    name: "nothing",
    projection: projections.states,
    decide: () => Result.succeed([]),
  })
  return Effect.gen(function* () {
    const { torn = [] } = yield* ledger.health
    if (torn.length === 0) return false
    yield* ledger.transact(nothing, undefined, { actor: "waybill", requestId: "mend" })
    return true
  })
}
