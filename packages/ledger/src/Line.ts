/**
 * One fact, one line: the text form of a ledger event (JobSpec v0 §1.3, §7.2, §7.3).
 *
 * The bytes are fixed: keys in the order of the contract, payload keys in byte order, `<`, `>`, `&`, U+2028 and U+2029
 * escaped, an empty payload left out. Reading is open: unknown keys and unknown event types are no error.
 *
 * @module
 */
import { Data, Result } from "effect"
import type { Json, JsonObject } from "./Json.ts"
import { type BatchMark, type LedgerEvent, refuseRequestId } from "./LedgerEvent.ts"
import { parseTime } from "./Time.ts"

const escapes: Record<string, string> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
}
const escaped = /[<>&\u2028\u2029]/gu

const text = (value: string): string => {
  const quoted = JSON.stringify(value.isWellFormed() ? value : value.toWellFormed())
  return quoted.replace(escaped, (character) => escapes[character] ?? character)
}

/** UTF-8 byte order. UTF-16 order differs only where surrogates meet U+E000 to U+FFFF. */
const byBytes = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x === y) continue
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000
    }
    return x - y
  }
  return a.length - b.length
}

/** The text of any JSON value under the rules of this module. */
export const encodeJson = (value: Json): string => {
  switch (typeof value) {
    case "string":
      return text(value)
    case "number":
      return Object.is(value, -0) ? "-0" : JSON.stringify(value)
    case "boolean":
      return value ? "true" : "false"
    default: {
      if (value === null) return "null"
      if (Array.isArray(value)) return `[${value.map(encodeJson).join(",")}]`
      const object = value as JsonObject
      const keys = Object.keys(object)
      if (keys.length > 1) keys.sort(byBytes)
      let out = "{"
      for (const key of keys) {
        const entry = object[key]
        if (entry === undefined) continue
        out += `${out.length === 1 ? "" : ","}${text(key)}:${encodeJson(entry)}`
      }
      return `${out}}`
    }
  }
}

/** The line of an event, without its newline. */
export const encodeLine = (event: LedgerEvent): string => {
  let line =
    `{"schema_version":${event.schema_version},"event_id":${text(event.event_id)},"request_id":${text(event.request_id)}` +
    `,"job_id":${text(event.job_id)},"event_type":${text(event.event_type)},"occurred_at":${text(event.occurred_at)}` +
    `,"actor":${text(event.actor)}`
  const payload = encodeJson(event.payload)
  if (payload !== "{}") line += `,"payload":${payload}`
  if (event.batch !== undefined) line += `,"batch":[${event.batch[0]},${event.batch[1]}]`
  return `${line}}`
}

/** A line that is no ledger event, with the contract's text for the first thing that is wrong. */
export class CorruptLine extends Data.TaggedError("CorruptLine")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

const corrupt = (reason: string) => Result.fail(new CorruptLine({ reason }))
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const names = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor"] as const

/** The marks of a batch, `null` when the key is there but means nothing. */
const batchOf = (value: unknown): BatchMark | null | undefined => {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length !== 2) return null
  const [index, count]: ReadonlyArray<unknown> = value
  const whole = Number.isSafeInteger(index) && Number.isSafeInteger(count)
  return whole && (index as number) >= 0 && (index as number) < (count as number)
    ? [index as number, count as number]
    : null
}

/**
 * Reads one line. Fails with {@link CorruptLine}, checking in the order of the contract: JSON object, version, the six
 * names not blank, the request id, the time.
 */
export const decodeLine = (line: string): Result.Result<LedgerEvent, CorruptLine> => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    return corrupt(`invalid json: ${cause instanceof Error ? cause.message : "unreadable"}`)
  }
  if (!isObject(value)) return corrupt("invalid json: a ledger line is one object")
  const version = value["schema_version"] ?? 0
  if (version !== 1) return corrupt(`schema_version mismatch: got ${JSON.stringify(version)} want 1`)
  for (const name of names) {
    const entry = value[name]
    if (entry === undefined || entry === null) return corrupt(`${name} is required`)
    if (typeof entry !== "string") return corrupt(`invalid json: ${name} must be a string`)
    if (entry.trim() === "") return corrupt(`${name} is required`)
  }
  const { event_id, request_id, job_id, event_type, occurred_at, actor } = value as Record<
    (typeof names)[number],
    string
  >
  if (refuseRequestId(request_id) !== undefined)
    return corrupt(`request_id ${JSON.stringify(request_id)} must not contain whitespace`)
  if (parseTime(occurred_at) === undefined)
    return corrupt(`invalid occurred_at: ${JSON.stringify(occurred_at)} is not RFC 3339`)
  const payload = value["payload"] ?? {}
  if (!isObject(payload)) return corrupt("invalid json: payload must be an object")
  const batch = batchOf(value["batch"])
  if (batch === null) return corrupt("invalid batch: want [index, count]")
  return Result.succeed({
    schema_version: 1,
    event_id,
    request_id,
    job_id,
    event_type,
    occurred_at,
    actor,
    payload: payload as JsonObject,
    ...(batch === undefined ? {} : { batch }),
  })
}
