/**
 * Folded state as plain data: what a checkpoint holds.
 *
 * @module
 */
import type { RecordedFact } from "./Fact.ts"
import type { JsonObject } from "./Json.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import type { Anomaly } from "./Projection.ts"
import type { Holder, Skipped } from "./View.ts"

/** A fold as plain data. */
export interface SavedState<E> {
  readonly position: number
  /** How many events were seen up to that position. */
  readonly events: number
  /** The event at that position: it tells whether the state is of this very ledger, and a copy of it from a conflict. */
  readonly last?: RecordedEvent
  readonly entities: ReadonlyArray<readonly [string, E]>
  readonly anomalies: ReadonlyArray<readonly [string, ReadonlyArray<Anomaly>]>
  readonly holders: ReadonlyArray<readonly [string, Holder]>
  readonly skipped: Skipped
}

/** An event as plain data, without what only this process knows of it. */
export const plain = (event: RecordedEvent | RecordedFact<string, unknown>): RecordedEvent => {
  const { position, schema_version, event_id, request_id, job_id, event_type, occurred_at, actor } = event
  const payload = event.payload as JsonObject
  return { position, schema_version, event_id, request_id, job_id, event_type, occurred_at, actor, payload }
}

export const emptySaved = <E>(): SavedState<E> => ({
  position: 0,
  events: 0,
  entities: [],
  anomalies: [],
  holders: [],
  skipped: { unknown: 0, malformed: 0 },
})
