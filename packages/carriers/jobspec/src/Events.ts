/**
 * The event vocabulary as it is read: whatever a known type carries is taken, since ledgers of the reference daemon hold
 * what no constructor of ours would make, and the folds look at each field by itself (JobSpec v0 §8, §11).
 *
 * @module
 */
import {
  type JsonObject,
  type LedgerEvent,
  parseTime,
  type RecordedFact,
  refuseRequestId,
  Vocabulary,
} from "@waybill/ledger"
import { Schema } from "effect"
import { event_types } from "./Facts.ts"
import { shownPayload } from "./shownToken.ts"

/** A recorded event of a known type. */
export type JobSpecFact = RecordedFact<string, JsonObject>

const AnyPayload = Schema.Record(Schema.String, Schema.Unknown)

const prefixes = ["job", "projection", "factory", "schedule", "agent_update"] as const

const readerOf = (prefix: string): Vocabulary.Reader =>
  Vocabulary.reader(
    Vocabulary.make(
      prefix,
      Object.fromEntries(
        event_types
          .filter(({ event_type }) => event_type.startsWith(`${prefix}.`))
          .map(({ event_type, unique }) => [
            event_type.slice(prefix.length + 1),
            { payload: AnyPayload, ...(unique === undefined ? {} : { unique }) },
          ]),
      ),
    ) as Vocabulary.Reader<RecordedFact<string, unknown>> as Vocabulary.Reader,
  )

const readers: ReadonlyArray<Vocabulary.Reader> = prefixes.map(readerOf)
/** By event type: every event of a ledger is looked up here. */
const readersByType = new Map(readers.flatMap((reader) => reader.event_types.map((type) => [type, reader] as const)))
const readerFor = (eventType: string): Vocabulary.Reader | undefined =>
  readersByType.get(eventType) ?? readers.find((reader) => reader.owns(eventType))

/**
 * The vocabularies of JobSpec v0, one per first word. Give them to the ledger that is to hold a queue.
 *
 * @example
 * import { Ledger } from "@waybill/ledger"
 * import { vocabularies } from "@waybill/jobspec"
 *
 * // Ledger.make(store, [...vocabularies])
 */
export const vocabularies: ReadonlyArray<Vocabulary.Reader> = readers

/** All of them as one, for projections over the whole contract. */
export const JobSpecEvents: Vocabulary.Reader<JobSpecFact> = {
  prefix: "",
  event_types: vocabularies.flatMap((reader) => reader.event_types),
  owns: (eventType) => readerFor(eventType) !== undefined,
  decode: (event) => {
    const reader = readerFor(event.event_type)
    if (reader === undefined) throw new TypeError(`${event.event_type} is not of JobSpec's vocabulary`)
    return reader.decode(event) as ReturnType<Vocabulary.Reader<JobSpecFact>["decode"]>
  },
  hasRead: (event): event is JobSpecFact => readersByType.get(event.event_type)?.hasRead(event) === true,
  uniqueOf: (eventType) => readerFor(eventType)?.uniqueOf(eventType),
}

/** Whether the contract's catalogue lists an event type. */
export const isKnownType = (eventType: string): boolean => readersByType.has(eventType)

/** The eight keys of an event, in the order of the contract; an empty payload is left out. */
export interface EventDocument extends Omit<LedgerEvent, "payload" | "batch"> {
  readonly payload?: JsonObject
}

/** An event as it is served (JobSpec v0 §3.4): the eight keys and no other, an empty payload left out, no token in clear. */
export const eventDocument = (event: LedgerEvent): EventDocument => {
  const { actor, event_id, event_type, job_id, occurred_at, payload, request_id } = event
  return {
    schema_version: 1,
    event_id,
    request_id,
    job_id,
    event_type,
    occurred_at,
    actor,
    ...(Object.keys(payload).length === 0 ? {} : { payload: shownPayload(payload) }),
  }
}

const required = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor"] as const

/**
 * Why the contract refuses an envelope, in its words and its order (JobSpec v0 §7.3), or `undefined`. An event type outside
 * the catalogue is among the reasons here; a ledger of ours keeps such an event, counts it and skips it.
 */
export const refuseEnvelope = (event: Readonly<Record<string, unknown>>): string | undefined => {
  const version = event["schema_version"] ?? 0
  if (version !== 1) return `schema_version mismatch: got ${JSON.stringify(version)} want 1`
  for (const name of required) {
    const value = event[name]
    if (typeof value !== "string" || value.trim() === "") return `${name} is required`
  }
  const { event_type, occurred_at, request_id } = event as Record<(typeof required)[number], string>
  if (refuseRequestId(request_id) !== undefined)
    return `request_id ${JSON.stringify(request_id)} must not contain whitespace`
  if (!isKnownType(event_type)) return `invalid event type ${JSON.stringify(event_type)}`
  if (parseTime(occurred_at) === undefined) return `invalid occurred_at: ${JSON.stringify(occurred_at)} is not RFC 3339`
  return undefined
}
