/**
 * What a reader may ask of a fold.
 *
 * @module
 */
import type { Anomaly } from "./Projection.ts"

/** The fact that holds a unique key. */
export interface Holder {
  readonly position: number
  readonly event_id: string
  readonly job_id: string
}

/** How many events of the projection's own prefix were left out. */
export interface Skipped {
  /** Of a type this version does not know. */
  readonly unknown: number
  /** Of a known type, with a payload that does not fit, or not a ledger event at all. */
  readonly malformed: number
}

/** A read-only handle on folded state. Entities are immutable; the handle always shows the latest ones. */
export interface View<E> {
  /** The position of the last event that was folded, whatever its type; 0 before the first. */
  readonly position: number
  /** The id of that event. */
  readonly lastEventId: string | undefined
  /** How many events there were up to that position, whatever their type: those that a damaged record hides are none. */
  readonly events: number
  /** How many entities there are. */
  readonly size: number
  readonly get: (key: string) => E | undefined
  /** Every entity with its key, in the order of each one's first fact. */
  readonly entries: () => Iterable<readonly [key: string, entity: E]>
  /** The oldest anomalies of one key, at most {@link anomalies_per_key_max}. */
  readonly anomalies: (key: string) => ReadonlyArray<Anomaly>
  /** Every key that has anomalies. */
  readonly anomalous: () => Iterable<readonly [key: string, anomalies: ReadonlyArray<Anomaly>]>
  /** Who holds a unique key of an event type. */
  readonly holder: (eventType: string, value: string) => Holder | undefined
  readonly skipped: Skipped
  /**
   * The keys of the entities that wait in a lane from `until` or an earlier time on, in the order of each one's first fact.
   * Found one at a time: the first costs the same however many there are, due or not. See `Projection.places`.
   */
  readonly due: (lane: string, until: number) => Iterable<string>
  /** From when on the first of a lane is due; `undefined` when nobody waits there. Costs the same however many do. */
  readonly earliest: (lane: string) => number | undefined
  /** How many entities wait in a lane, due or not. Costs the same however many there are. */
  readonly count: (lane: string) => number
}

/** Beyond this a hostile history could fill the memory with complaints about one key; the first ones tell the story. */
export const anomalies_per_key_max = 64
/** Characters of an anomaly's detail; the fact itself has the rest. */
export const anomaly_detail_max = 500
