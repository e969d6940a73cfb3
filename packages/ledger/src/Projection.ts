/**
 * A projection: state folded from facts, with a name and a version. Never a source of truth.
 *
 * State is kept per entity behind a private index, so a fact costs its entity and nothing else: copying a large state per
 * event cannot be written down.
 *
 * @module
 */
import type { Schema } from "effect"
import type { RecordedFact } from "./Fact.ts"
import type { Reader } from "./Vocabulary.ts"

/** Something in the history that does not fit. Listed beside the entity, never swallowed. */
export interface Anomaly {
  readonly position: number
  readonly event_id: string
  readonly event_type: string
  /** A short constant, such as `second_terminal`. */
  readonly code: string
  readonly detail?: string
}

/** Says that the fact at hand does not fit. The fold adds where. */
export type Report = (code: string, detail?: string) => void

/** Where an entity waits, and from when on: a lane's name, and a number such as a time in milliseconds. */
export interface Place {
  readonly lane: string
  /** `-Infinity`: it is due at once; `Infinity`: it is only counted. */
  readonly from: number
}

// `key` and `evolve` are methods so that projections of different entities can stand in one registry.
export interface Projection<E, F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>> {
  readonly name: string
  /** Raised whenever `evolve` or the entity changes meaning; a checkpoint of another version is not used. */
  readonly version: number
  readonly reader: Reader<F>
  /** Plain JSON data, so that it can be saved as it is. */
  readonly entity: Schema.Constraint & { readonly Type: E }
  /** Whether a fact whose unique key another fact holds is folded all the same. It is listed as an anomaly either way. */
  readonly foldsDuplicates?: boolean
  /** The entity a fact belongs to; `undefined` leaves the fact out. */
  key(this: void, fact: F): string | undefined
  /**
   * The entity after one more fact; `undefined` leaves it as it is. Must not change its arguments, throw, or look anywhere
   * else. Should it throw, the entity stays as it is and the anomaly `threw` says so: one fact cannot stop a ledger.
   *
   * One thing may be changed: an entity that `isOwn`, with all that an earlier call has put into it. This call's predecessor made
   * it and nobody has seen it, so it may be changed in place and given back, which spares a copy for each of a long history's
   * facts. Whoever does so must be past all that can throw.
   */
  evolve(this: void, entity: E | undefined, fact: F, report: Report, isOwn?: boolean): E | undefined
  /**
   * Where an entity can be found without looking at all of them (`View.due`, `View.count`): a few places, at most one in
   * each lane. Must depend on the entity alone. It is not asked before the first question, and costs nothing until then.
   */
  places?(this: void, entity: E): ReadonlyArray<Place>
}

/**
 * Defines a projection.
 *
 * @example
 * import { Schema } from "effect"
 * import { Projection, Vocabulary } from "@waybill/ledger"
 *
 * const Door = Vocabulary.make("door", { opened: { payload: Schema.Struct({ by: Schema.NonEmptyString }) } })
 * const Openings = Projection.make({
 *   name: "openings",
 *   version: 1,
 *   reader: Door,
 *   entity: Schema.Struct({ times: Schema.Int, last: Schema.String }),
 *   key: (fact) => fact.job_id,
 *   evolve: (door, fact) => ({ times: (door?.times ?? 0) + 1, last: fact.payload.by }),
 * })
 */
export const make = <E, F extends RecordedFact<string, unknown>>(projection: {
  readonly name: string
  readonly version: number
  readonly reader: Reader<F>
  readonly entity: Schema.Constraint & { readonly Type: E }
  readonly foldsDuplicates?: boolean
  readonly key: (fact: F) => string | undefined
  readonly evolve: (entity: E | undefined, fact: F, report: Report, isOwn?: boolean) => E | undefined
  readonly places?: (entity: E) => ReadonlyArray<Place>
}): Projection<E, F> => projection
