/**
 * For tests of carriers: facts as a store would have recorded them, without a store.
 *
 * @module
 */
import { type Fact, isRecordedFact, type RecordedFact } from "./Fact.ts"
import type { JsonObject } from "./Json.ts"
import { eventId, type RecordedEvent } from "./LedgerEvent.ts"
import { formatTime } from "./Time.ts"
import type { Reader } from "./Vocabulary.ts"

/** What somebody wants to be recorded: a fact of a constructor, or whatever a hostile or careless writer came up with. */
export interface Said {
  readonly event_type: string
  readonly job_id: string
  readonly payload: unknown
}

/** What the events have in common, where a test minds. */
export interface RecordedAs {
  /** The position of the last event that is there already; 0 by default. */
  readonly after?: number
  /** `tester` by default. */
  readonly actor?: string
  /** `req_test` by default. */
  readonly requestId?: string
  /** When the first was recorded, in milliseconds since the epoch; each further one came a second later. */
  readonly at_ms?: number
}

const first_ms = Date.parse("2026-01-01T00:00:00Z")

/**
 * The events that a ledger holds after these facts were appended to it one by one. Nothing is validated, so that a test can
 * record what no constructor would make.
 *
 * @example
 * import { foldAll } from "@waybill/ledger"
 * import { recordedEvents } from "@waybill/ledger/testing"
 *
 * const events = recordedEvents([{ event_type: "door.opened", job_id: "front", payload: { by: "ada" } }])
 */
export const recordedEvents = (facts: Iterable<Said>, options: RecordedAs = {}): ReadonlyArray<RecordedEvent> => {
  const { actor = "tester", after = 0, at_ms = first_ms, requestId = "req_test" } = options
  return Array.from(facts, ({ event_type, job_id, payload }, index): RecordedEvent => {
    const position = after + index + 1
    return {
      position,
      schema_version: 1,
      event_id: eventId(event_type, job_id, position),
      request_id: requestId,
      job_id,
      event_type,
      occurred_at: formatTime(at_ms + index * 1000),
      actor,
      payload: payload as JsonObject,
    }
  })
}

/**
 * The recorded form of one fact, as settlement helpers take it. Throws `TypeError` when the reader does not know the fact's
 * type.
 */
export const recordedFact = <T extends string, P>(
  reader: Reader,
  fact: Fact<T, P>,
  options: RecordedAs = {},
): RecordedFact<T, P> => {
  const [event] = recordedEvents([fact], options)
  const read = event === undefined ? undefined : reader.decode(event)
  if (!isRecordedFact(read)) throw new TypeError(`the reader of ${reader.prefix} does not read ${fact.event_type}`)
  return read as RecordedFact<string, unknown> as RecordedFact<T, P>
}
