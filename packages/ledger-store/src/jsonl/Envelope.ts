/**
 * The fields of an envelope, cut out of its line without parsing it.
 *
 * Our encoder always writes the same keys in the same order. So where no field needs an escape, six lengths are enough to
 * find each of them, and the payload is what is left.
 *
 * @module
 */
import {
  type BatchMark,
  decode_whole,
  type DecodedOnUse,
  decodeLine,
  type LedgerEvent,
  type RecordedEvent,
} from "@waybill/ledger"
import { Result } from "effect"
import { latin1, Remembered } from "./latin1.ts"
import type { FieldLengths, Rows } from "./Rows.ts"
import { Flag } from "./Rows.ts"

const lead = {
  event_id: '{"schema_version":1,"event_id":"',
  request_id: '","request_id":"',
  job_id: '","job_id":"',
  event_type: '","event_type":"',
  occurred_at: '","occurred_at":"',
  actor: '","actor":"',
} as const
const payload_lead = '","payload":'
const payload_start = `${payload_lead}{`
const names = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor"] as const
const length_max = 0xffff

/** Lines may spell half a character as an escape, which is read as U+FFFD: only the full decoder does that. */
const halfCharacter = /\\u[dD][89a-fA-F]/
const unprintable = /[^\x20-\x7e]/

const batchTail = ([index, count]: BatchMark): string => `,"batch":[${index},${count}]}`

const lengthsOf = (event: LedgerEvent, tail: number): FieldLengths => ({
  event_id: event.event_id.length,
  request_id: event.request_id.length,
  job_id: event.job_id.length,
  event_type: event.event_type.length,
  occurred_at: event.occurred_at.length,
  actor: event.actor.length,
  tail,
})

/** How to cut a line, or `undefined` where it has to be parsed. `line` is the text that `event` was decoded from. */
export const measure = (line: string, event: LedgerEvent): FieldLengths | undefined => {
  let at = 0
  for (const name of names) {
    if (!line.startsWith(lead[name], at)) return undefined
    at += lead[name].length
    if (event[name].length > length_max || !line.startsWith(event[name], at)) return undefined
    at += event[name].length
  }
  if (unprintable.test(line.slice(0, at))) return undefined
  const tail = event.batch === undefined ? "}" : batchTail(event.batch)
  if (!line.endsWith(tail)) return undefined
  const hasPayload = line.startsWith(payload_start, at)
  if (!hasPayload && line.length !== at + 1 + tail.length) return undefined
  if (line.includes("\\u") && halfCharacter.test(line)) return undefined
  return lengthsOf(event, tail.length)
}

const payload_codes = Array.from(payload_start, (character) => character.charCodeAt(0))
const startsPayload = (bytes: Uint8Array, at: number): boolean => {
  for (let i = 0; i < payload_codes.length; i++) if (bytes[at + i] !== payload_codes[i]) return false
  return true
}

/**
 * The same for a line that is the event's own encoding and that {@link Packed.isPlain}, from `start` of `bytes` on, `end` excluded.
 *
 * Our encoder makes a field longer where it escapes, and writes a quote in a field only with a backslash before it. So the
 * payload can begin where the fields would end without escapes only if there are none.
 */
export const measureOwn = (bytes: Buffer, start: number, end: number, event: LedgerEvent): FieldLengths | undefined => {
  let at = start
  for (const name of names) {
    const { length } = event[name]
    if (length > length_max) return undefined
    at += gap[name] + length
  }
  const tail = event.batch === undefined ? 1 : batchTail(event.batch).length
  if (!startsPayload(bytes, at) && end !== at + 1 + tail) return undefined
  return lengthsOf(event, tail)
}

/** Where a field begins, behind the fields before it. */
const gap = {
  event_id: lead.event_id.length,
  request_id: lead.request_id.length,
  job_id: lead.job_id.length,
  event_type: lead.event_type.length,
  occurred_at: lead.occurred_at.length,
  actor: lead.actor.length,
}

const actors = new Remembered()

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * What a fold gets from a sealed record: it holds the bytes and decodes what it is asked for. The mark of a batch, which no
 * fold looks at, is left out.
 */
export class SealedEvent implements DecodedOnUse {
  readonly position: number
  readonly job_id: string
  readonly event_type: string
  readonly #place: CutPlace
  readonly #row: number
  #whole: RecordedEvent | undefined

  constructor(position: number, job_id: string, event_type: string, place: CutPlace, row: number) {
    this.position = position
    this.job_id = job_id
    this.event_type = event_type
    this.#place = place
    this.#row = row
  }

  #cut(field: Exclude<keyof FieldLengths, "tail">): string {
    const { block, isReleased, rows, start } = this.#place
    if (isReleased) throw kept()
    return cut(rows, this.#row, block, rows.offset(this.#row) - start, field)
  }

  /**
   * Two folds that look at everything decode it once. Each field is cut out, and the payload alone is parsed: 0.8 of what parsing the
   * line takes.
   */
  [decode_whole](): RecordedEvent {
    if (this.#whole !== undefined) return this.#whole
    const { block, isReleased, rows, start } = this.#place
    if (isReleased) throw kept()
    const row = this.#row
    const from = rows.offset(row) - start
    const event_id = from + gap.event_id
    const request_id = event_id + rows.length(row, "event_id") + gap.request_id
    const job_id = request_id + rows.length(row, "request_id") + gap.job_id
    const event_type = job_id + rows.length(row, "job_id") + gap.event_type
    const occurred_at = event_type + rows.length(row, "event_type") + gap.occurred_at
    const actor = occurred_at + rows.length(row, "occurred_at") + gap.actor
    const head_end = actor + rows.length(row, "actor")
    // A row that tells more than its line holds is not one that we wrote.
    if (head_end > from + rows.bytes(row)) return (this.#whole = this.#parsed(from))
    return (this.#whole = {
      schema_version: 1,
      event_id: latin1(block, event_id, request_id - gap.request_id),
      request_id: latin1(block, request_id, job_id - gap.job_id),
      job_id: this.job_id,
      event_type: this.event_type,
      occurred_at: latin1(block, occurred_at, actor - gap.actor),
      actor: actors.at(block, actor, head_end),
      payload: payloadAt(rows, row, block, from, head_end + payload_lead.length),
      position: this.position,
    })
  }

  #parsed(from: number): RecordedEvent {
    const { block, rows } = this.#place
    const line = textOf(rows, this.#row, block, from, from + rows.bytes(this.#row))
    return { ...Result.getOrThrow(decodeLine(line)), position: this.position }
  }

  get schema_version(): 1 {
    return 1
  }
  get event_id(): string {
    return this.#cut("event_id")
  }
  get request_id(): string {
    return this.#cut("request_id")
  }
  get occurred_at(): string {
    return this.#cut("occurred_at")
  }
  get actor(): string {
    return this.#cut("actor")
  }
  get payload(): LedgerEvent["payload"] {
    const { block, isReleased, rows, start } = this.#place
    if (isReleased) throw kept()
    return cutPayload(rows, this.#row, block, rows.offset(this.#row) - start)
  }
}

/** Some records' rows and bytes, which begin at the file offset `start`. */
export interface CutPlace {
  readonly rows: Rows
  readonly block: Buffer
  readonly start: number
  /** Whether the bytes may have been overwritten since, because the reader said that it needs them no more. */
  isReleased: boolean
}

const kept = () => new TypeError("an event was kept beyond the page that it was folded from")

/** One field of a cuttable record whose line begins at `start` of `block`. */
export const cut = (
  rows: Rows,
  row: number,
  block: Buffer,
  start: number,
  field: Exclude<keyof FieldLengths, "tail">,
): string => {
  let at = start
  for (const name of names) {
    at += gap[name]
    const length = rows.length(row, name)
    if (name === field) return block.toString("latin1", at, at + length)
    at += length
  }
  return ""
}

const headLength = (rows: Rows, row: number): number => {
  let length = 0
  for (const name of names) length += gap[name] + rows.length(row, name)
  return length
}

const textOf = (rows: Rows, row: number, block: Buffer, from: number, to: number): string =>
  rows.is(row, Flag.ascii) ? latin1(block, from, to) : utf8.decode(block.subarray(from, to))

const cutPayload = (rows: Rows, row: number, block: Buffer, start: number): LedgerEvent["payload"] =>
  payloadAt(rows, row, block, start, start + headLength(rows, row) + payload_lead.length)

/** The payload of the line from `start` on, where it begins at `from` if there is one. */
const payloadAt = (rows: Rows, row: number, block: Buffer, start: number, from: number): LedgerEvent["payload"] => {
  const end = start + rows.bytes(row)
  const to = end - rows.length(row, "tail")
  if (to <= from) return {}
  try {
    return JSON.parse(textOf(rows, row, block, from, to)) as LedgerEvent["payload"]
  } catch {
    // Something stands between the payload and the end that others may write and we skip.
    return Result.getOrThrow(decodeLine(textOf(rows, row, block, start, end))).payload
  }
}

/**
 * A cuttable record's line, parsed: what it was measured by is what stands in it, so nothing needs to be looked at again. To cut
 * each field out is dearer from the third one on.
 */
const parsed = (
  rows: Rows,
  row: number,
  block: Buffer,
  start: number,
): Omit<LedgerEvent, "payload"> & { readonly payload?: LedgerEvent["payload"] } =>
  JSON.parse(textOf(rows, row, block, start, start + rows.bytes(row)))

/** The whole event of a cuttable record, as plain data. */
export const cutEvent = (
  position: number,
  event_type: string,
  rows: Rows,
  row: number,
  block: Buffer,
  start: number,
): RecordedEvent => {
  const { actor, batch, event_id, job_id, occurred_at, payload = {}, request_id } = parsed(rows, row, block, start)
  const event: RecordedEvent = {
    schema_version: 1,
    event_id,
    request_id,
    job_id,
    event_type,
    occurred_at,
    actor,
    payload,
    position,
  }
  return batch === undefined ? event : { ...event, batch }
}
