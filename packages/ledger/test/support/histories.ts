/** Generated histories: well-formed ones, and such as nobody should have written. */
import { type Foldable, formatTime, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import fc from "fast-check"

/** Any JSON value, odd keys and numbers included. */
export const anyJson = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }) as fc.Arbitrary<JsonObject[string]>

export const oddKey = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "\u{10000}",
    "\uff61",
    "\ue000",
    "<&>",
    "\u2028",
  ),
)
export const anyPayload = fc
  .array(fc.tuple(oddKey, anyJson), { maxLength: 5 })
  .map((entries) => Object.fromEntries(entries) as JsonObject)

const jobId = fc.constantFrom("a", "b", "c", "__proto__", "\u{1f6aa}")
const payloads = {
  "door.installed": fc.record({ serial: fc.constantFrom("s1", "s2", "s3") }),
  "door.opened": fc.record({ by: fc.constantFrom("ada", "bob"), more: anyJson }, { requiredKeys: ["by"] }),
  "door.closed": fc.constant({}),
  // Foreign vocabularies, types this version does not know, and payloads that do not fit.
  "window.opened": anyPayload,
  "door.painted": anyPayload,
} satisfies Record<string, fc.Arbitrary<object>>

const content = fc.oneof(
  ...Object.entries(payloads).map(([event_type, payload]) =>
    fc.record({ event_type: fc.constant(event_type), payload }),
  ),
  fc.record({ event_type: fc.constantFrom("door.installed", "door.opened", "door.closed"), payload: anyJson }),
)

export const recorded = (position: number, event_type: string, job_id: string, payload: unknown): RecordedEvent => ({
  position,
  schema_version: 1,
  event_id: `evt_${position}`,
  request_id: "r1",
  job_id,
  event_type,
  occurred_at: formatTime(1_777_377_600_000 + position),
  actor: "tester",
  payload: payload as JsonObject,
})

/** Events as a store gives them: positions rise, with gaps. */
export const history: fc.Arbitrary<ReadonlyArray<RecordedEvent>> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), jobId, content), { maxLength: 24 })
  .map((rows) => {
    let position = 0
    return rows.map(([gap, job, { event_type, payload }]) => recorded((position += gap), event_type, job, payload))
  })

const envelopeKeys = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor", "payload", "position"]

/** What a hostile or broken source may hand over instead of events: arbitrary JSON, lost keys, keys of the wrong type. */
export const hostileEvent: fc.Arbitrary<Foldable> = fc
  .oneof(
    anyJson,
    fc
      .tuple(fc.integer({ min: -1, max: 12 }), jobId, content, fc.constantFrom(...envelopeKeys), anyJson)
      .map(([position, job, { event_type, payload }, key, value]) => ({
        ...recorded(position, event_type, job, payload),
        [key]: value,
      })),
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), jobId, content, fc.constantFrom("request_id", "actor", "payload"))
      .map(([position, job, { event_type, payload }, lost]) =>
        Object.fromEntries(
          Object.entries(recorded(position, event_type, job, payload)).filter(([key]) => key !== lost),
        ),
      ),
  )
  .map((value) => value as Foldable)

/** A history with copies, conflicting copies and hostile events among its events, in any order. */
export const hostileHistory: fc.Arbitrary<ReadonlyArray<Foldable>> = fc
  .tuple(history, fc.array(hostileEvent, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 6 }), anyPayload)
  .chain(([events, hostile, copies, payload]) => {
    const chosen = events.length === 0 ? [] : copies.map((n) => events[n % events.length] as RecordedEvent)
    const duplicates = chosen.map((event) => ({ ...event }))
    const conflicts = chosen.slice(0, 2).map((event) => ({ ...event, payload, actor: "somebody else" }))
    const all: Array<Foldable> = [...events, ...hostile, ...duplicates, ...conflicts]
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
  })
