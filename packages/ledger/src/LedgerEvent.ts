/**
 * The envelope that a fact travels in: JobSpec's eight keys.
 *
 * @module
 */
import { Data } from "effect"
import type { Issue, JsonObject } from "./Json.ts"

/** The ninth key of a line that belongs to a batch of several: its number, counted from 0, and how many there are. */
export type BatchMark = readonly [index: number, count: number]

/** One line of a ledger (JobSpec v0 §7.2). */
export interface LedgerEvent<T extends string = string, P = JsonObject> {
  readonly schema_version: 1
  readonly event_id: string
  readonly request_id: string
  readonly job_id: string
  readonly event_type: T
  /** RFC 3339, UTC. */
  readonly occurred_at: string
  readonly actor: string
  readonly payload: P
  readonly batch?: BatchMark
}

/** A ledger event with its place in one ledger: strictly increasing, gaps legal, given by the store, never re-used. */
export interface RecordedEvent<T extends string = string, P = JsonObject> extends LedgerEvent<T, P> {
  readonly position: number
}

/** What {@link wholeOf} looks for. */
export const decode_whole = Symbol("@waybill/ledger/decode_whole")

/** An event of a store that decodes each field when it is asked for, and knows how to decode all of them for less than that. */
export interface DecodedOnUse extends RecordedEvent {
  [decode_whole](): RecordedEvent
}

/** The event as plain data, for whoever is about to look at all of it. */
export const wholeOf = (event: RecordedEvent): RecordedEvent =>
  decode_whole in event ? (event as DecodedOnUse)[decode_whole]() : event

/** Job ids that no job may bear, because the ledger speaks about itself under them. */
export const reserved_job_ids: ReadonlySet<string> = new Set(["schedule", "ledger"])

export const job_id_bytes_max = 256
export const event_type_bytes_max = 128
/** A line longer than this would be refused by replay, so it is never written (JobSpec v0 §7.6). */
export const line_bytes_max = 16_777_216

const encoder = new TextEncoder()
/** Up to this length a look at each character costs less than encoding them. */
const looked_at_max = 128
/** Length in UTF-8 bytes. */
export const utf8Bytes = (text: string): number => {
  if (text.length > looked_at_max) return encoder.encode(text).byteLength
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return encoder.encode(text).byteLength
  return text.length
}

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const control = /[\u0000-\u001f\u007f-\u009f]/u

/** Whether an id consists of printable ASCII without spaces, as most do, and no more than so many. */
const isPlainId = (id: string, bytes_max: number): boolean => {
  if (id.length === 0 || id.length > bytes_max) return false
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i)
    if (unit <= 0x20 || unit >= 0x7f) return false
  }
  return true
}

/** Why `id` cannot name a job, or `undefined` when it can: 1 to 256 bytes, no white space at its edges, no control character. */
export const refuseJobId = (id: string): string | undefined => {
  if (isPlainId(id, job_id_bytes_max)) return undefined
  if (id === "") return "is empty"
  if (!id.isWellFormed()) return "contains a lone surrogate"
  if (id.trim() !== id) return "starts or ends with white space"
  if (control.test(id)) return "contains a control character"
  if (id.length > job_id_bytes_max / 3 && utf8Bytes(id) > job_id_bytes_max)
    return `is longer than ${job_id_bytes_max} bytes`
  return undefined
}

/** Longer ones are left to the engine's own search. */
const request_id_plain_max = 256

/** Why `id` cannot identify a request, or `undefined`: it must not be blank or contain space, tab, CR or LF. */
export const refuseRequestId = (id: string): string | undefined => {
  if (isPlainId(id, request_id_plain_max)) return undefined
  if (id.trim() === "") return "is required"
  if (/[ \t\r\n]/u.test(id)) return "must not contain whitespace"
  return id.isWellFormed() ? undefined : "contains a lone surrogate"
}

/**
 * `evt_<event_type>_<job_id>_<position>`, the position with at least six digits. Stamped by the store; opaque to everyone else.
 *
 * `eventId("job.accepted", "job_rpi_000001", 1)` is `evt_job.accepted_job_rpi_000001_000001`.
 */
export const eventId = (eventType: string, jobId: string, position: number): string =>
  `evt_${eventType}_${jobId}_${String(position).padStart(6, "0")}`

/** A fact that cannot be made, with every reason. */
export class InvalidFact extends Data.TaggedError("InvalidFact")<{
  readonly event_type: string
  readonly issues: ReadonlyArray<Issue>
}> {
  override get message(): string {
    return `${this.event_type}: ${this.issues.map((issue) => `${issue.path} ${issue.message}`).join("; ")}`
  }
}
