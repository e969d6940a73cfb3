/**
 * Folded state as plain data, so that two states can be compared and a change of one be seen.
 *
 * @module
 */
import { Fold, type RecordedEvent } from "@waybill/ledger"
import { Result } from "effect"
import type { AnyFact, AnyProjection, Decided } from "./Carrier.ts"

/** Everything that a reader can see of a fold. */
export const seen = (fold: Fold<unknown, AnyFact>) => ({
  entities: structuredClone([...fold.entries()]),
  anomalies: structuredClone([...fold.anomalous()]),
  skipped: fold.skipped,
})

/** A fold of these events, one by one. */
export const folded = (projection: AnyProjection, events: Iterable<RecordedEvent>): Fold<unknown, AnyFact> =>
  new Fold(projection).applyAll(events)

/** A decider's answer as plain data: what would be recorded, or the refusal as its caller sees it. */
export const answered = (answer: Decided): unknown => {
  if (Result.isSuccess(answer))
    return answer.success.map(({ event_type, job_id, payload }) => ({ event_type, job_id, payload }))
  const { failure } = answer
  if (typeof failure !== "object" || failure === null) return failure
  return { refused: { ...failure }, message: "message" in failure ? failure.message : undefined }
}
