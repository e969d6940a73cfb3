/**
 * What a fold takes, and when two records are one.
 *
 * @module
 */
import type { RecordedFact } from "./Fact.ts"
import { type Json, jsonEqual } from "./Json.ts"
import { decode_whole, type RecordedEvent } from "./LedgerEvent.ts"
import { encodeJson } from "./Line.ts"

/** An event that may have been decoded already. */
export type Foldable = RecordedEvent | RecordedFact<string, unknown>

const isText = (value: unknown): value is string => typeof value === "string"

/** Whether the envelope can be folded at all. A fold must not throw on anything that came from outside. */
export const isEnvelope = (event: unknown): event is Foldable => {
  if (typeof event !== "object" || event === null) return false
  // A store has looked at it: to ask for each field would decode it.
  if (decode_whole in event) return true
  const { position, event_id, event_type, job_id } = event as Record<string, unknown>
  return (
    Number.isSafeInteger(position) &&
    (position as number) > 0 &&
    isText(event_id) &&
    isText(event_type) &&
    isText(job_id)
  )
}

const said = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor", "payload"] as const

/** Whether two records say the same, byte for byte but for the order of keys. */
export const sameEvent = (a: Foldable, b: Foldable): boolean =>
  a === b || said.every((name) => a[name] === b[name] || jsonEqual(a[name], b[name]))

/** What a record says, as text: equal exactly where {@link sameEvent} holds. */
export const spelling = (event: Foldable): string =>
  encodeJson(Object.fromEntries(said.map((name) => [name, event[name] as Json])))
