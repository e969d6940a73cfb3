/**
 * One fact, one line: the text form of a ledger event (JobSpec v0 §1.3, §7.2, §7.3).
 *
 * The bytes are fixed: keys in the order of the contract, payload keys in byte order, `<`, `>`, `&`, U+2028 and U+2029
 * escaped, an empty payload left out. Reading is open: unknown keys and unknown event types are no error.
 *
 * @module
 */
import { Data, Result } from "effect"
import { isWithin, type Json, type JsonObject } from "./Json.ts"
import { type BatchMark, type LedgerEvent, refuseRequestId } from "./LedgerEvent.ts"
import { isTime } from "./Time.ts"

const escapes: Record<string, string> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
}
const escaped = /[<>&\u2028\u2029]/gu

// oxlint-disable-next-line no-control-regex -- control characters are among what JSON escapes
const special = /[\u0000-\u001f"\\<>&\u2028\u2029\ud800-\udfff]/

const text = (value: string): string => {
  // Most strings need no escape, and a look is cheaper than quoting them.
  if (!special.test(value)) return `"${value}"`
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

/** Whether keys are in byte order as they are, as they mostly are when they were read from a line. */
const isSorted = (keys: ReadonlyArray<string>): boolean => {
  for (let i = 1; i < keys.length; i++) if (byBytes(keys[i - 1] as string, keys[i] as string) > 0) return false
  return true
}

/** Object keys repeat from line to line: what a key is written as need not be found out each time. */
interface KnownKey {
  /** The key as it is written, with its colon. */
  readonly written: string
  /** Whether the engine's order of strings, UTF-16, may put it elsewhere than byte order does. */
  readonly isHigh: boolean
}
const knownKeys = new Map<string, KnownKey>()
const known_keys_max = 4096
const known_key_length_max = 64

const high = /[\ud800-\uffff]/

const keyOf = (key: string): KnownKey => {
  const known = knownKeys.get(key)
  if (known !== undefined) return known
  const made = { written: `${text(key)}:`, isHigh: high.test(key) }
  if (key.length <= known_key_length_max) {
    if (knownKeys.size >= known_keys_max) knownKeys.clear()
    knownKeys.set(key, made)
  }
  return made
}

/** The text of an object's key, with its colon. */
export const encodeKey = (key: string): string => keyOf(key).written

/** From so many keys on, sorting by insertion costs more than the engine's own way. */
const inserted_keys_max = 24

/** Puts keys in the engine's order, UTF-16; it is byte order too, but where a key is high. */
const sortKeys = (keys: Array<string>): void => {
  if (keys.length > inserted_keys_max) {
    keys.sort()
    return
  }
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string
    let at = i
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
}

/** Beyond this the encoder leaves the call stack, so that it takes whatever a line can hold. */
const recursion_depth_max = 512

/** The text of any JSON value under the rules of this module; keys whose value is `undefined` are left out. */
export const encodeJson = (value: Json): string => encode(value, 0)

const encode = (value: Json, depth: number): string => {
  switch (typeof value) {
    case "string":
      return text(value)
    case "number":
      return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? String(value) : "null"
    case "boolean":
      return value ? "true" : "false"
    default: {
      if (value === null) return "null"
      if (Array.isArray(value)) {
        let out = "["
        if (depth >= recursion_depth_max) return encodeDeep(value)
        for (let i = 0; i < value.length; i++) out += `${i === 0 ? "" : ","}${encode(value[i] as Json, depth + 1)}`
        return `${out}]`
      }
      if (depth >= recursion_depth_max) return encodeDeep(value)
      const object = value as JsonObject
      const keys = Object.keys(object)
      sortKeys(keys)
      let out = "{"
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as string
        const { isHigh, written } = keyOf(key)
        if (isHigh && !isSorted(keys)) {
          keys.sort(byBytes)
          out = "{"
          i = -1
          continue
        }
        const entry = object[key]
        if (entry === undefined) continue
        out += out.length === 1 ? written : `,${written}`
        out += typeof entry === "string" ? text(entry) : encode(entry, depth + 1)
      }
      return `${out}}`
    }
  }
}

interface Text {
  readonly text: string
}
const isText = (item: Json | Text, texts: WeakSet<object>): item is Text =>
  typeof item === "object" && item !== null && texts.has(item)

/** The same text as {@link encode}, with a stack of its own. */
const encodeDeep = (root: Json): string => {
  const texts = new WeakSet<object>()
  const literal = (value: string): Text => {
    const item = { text: value }
    texts.add(item)
    return item
  }
  const work: Array<Json | Text> = [root]
  let out = ""
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    if (isText(item, texts)) {
      out += item.text
    } else if (typeof item !== "object" || item === null) {
      out += encode(item, 0)
    } else if (Array.isArray(item)) {
      work.push(literal("]"))
      for (let i = item.length - 1; i >= 0; i--) work.push(item[i] as Json, literal(i === 0 ? "" : ","))
      out += "["
    } else {
      const object = item as JsonObject
      const keys = Object.keys(object)
        .filter((key) => object[key] !== undefined)
        .sort(byBytes)
      work.push(literal("}"))
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i] as string
        work.push(object[key] as Json, literal(`${i === 0 ? "" : ","}${text(key)}:`))
      }
      out += "{"
    }
  }
  return out
}

/** {@link text} for values that mostly are what the one before was: whether they still are is seen for less. */
const repeated = (): ((value: string) => string) => {
  let [known, written] = ["", '""']
  return (value) => {
    if (value !== known) [known, written] = [value, text(value)]
    return written
  }
}
const typeText = repeated()
const timeText = repeated()
const actorText = repeated()

/** The line of an event, without its newline. */
export const encodeLine = (event: LedgerEvent): string => {
  let line =
    `{"schema_version":${event.schema_version},"event_id":${text(event.event_id)},"request_id":${text(event.request_id)}` +
    `,"job_id":${text(event.job_id)},"event_type":${typeText(event.event_type)},"occurred_at":${timeText(event.occurred_at)}` +
    `,"actor":${actorText(event.actor)}`
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

/** Deeper lines are refused, as the contract does (JobSpec v0 §1.2). */
export const line_depth_max = 10_000

// `\ud800` on its own. The pairs and the other escapes are matched too, so that nothing is mistaken for a start.
const surrogateEscapes =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|[^])/gu

/** Lone surrogates become U+FFFD on the way in (JobSpec v0 §1.2), since no UTF-8 could carry them out again. */
const withoutLoneSurrogates = (line: string): string => {
  // The engine looks for one character without a call.
  const isSuspect = line.indexOf("\\") >= 0 && line.includes("\\u") && /\\u[dD][89a-fA-F]/u.test(line)
  const whole = line.isWellFormed() ? line : line.toWellFormed()
  return isSuspect
    ? whole.replace(surrogateEscapes, (all, lone?: string) => (lone === undefined ? all : "\\ufffd"))
    : whole
}

/** Whether what was parsed has no number beyond a double, and so many levels at most. To look is cheaper than to search the text. */
const isFiniteWithin = (value: unknown, depth_left: number): boolean => {
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || value === null) return true
  if (depth_left === 0) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isFiniteWithin(value[i], depth_left - 1)) return false
    return true
  }
  for (const key in value) {
    const entry = (value as Record<string, unknown>)[key]
    if (typeof entry !== "string" && !isFiniteWithin(entry, depth_left - 1)) return false
  }
  return true
}

/** What is wrong with the JSON of a line as a whole. */
const refuseShape = (line: string, value: unknown): string | undefined => {
  if (!isObject(value)) return "a ledger line is one object"
  // Every level takes two characters, so that ordinary lines are not walked at all.
  if (line.length > 2 * line_depth_max && !isWithin(value, line_depth_max, () => true))
    return `nested deeper than ${line_depth_max} levels`
  if (!isFiniteWithin(value, recursion_depth_max) && !isWithin(value, line_depth_max, Number.isFinite))
    return "a number is too large"
  return undefined
}

/** A caller's text in a message: quoted, and not longer than it needs to be to be found. */
const quote = (value: string): string => JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)

const isPresent = (value: unknown): value is string => {
  if (typeof value !== "string") return false
  const unit = value.charCodeAt(0)
  return (unit > 0x20 && unit < 0x7f) || value.trim() !== ""
}

/** The event that a line holds, where there is nothing to say against it. */
const eventOf = (line: string, value: unknown): LedgerEvent | undefined => {
  if (line.length > 2 * line_depth_max || !isObject(value) || !isFiniteWithin(value, recursion_depth_max))
    return undefined
  const { schema_version, event_id, request_id, job_id, event_type, occurred_at, actor, payload, batch } = value
  const areThere =
    isPresent(event_id) && isPresent(request_id) && isPresent(job_id) && isPresent(event_type) && isPresent(actor)
  if (schema_version !== 1 || !areThere || typeof occurred_at !== "string") return undefined
  if (refuseRequestId(request_id) !== undefined || !isTime(occurred_at)) return undefined
  const owned = payload ?? {}
  const mark = batchOf(batch ?? undefined)
  if (!isObject(owned) || mark === null) return undefined
  const event = {
    schema_version: 1,
    event_id,
    request_id,
    job_id,
    event_type,
    occurred_at,
    actor,
    payload: owned as JsonObject,
  } as const
  return mark === undefined ? event : { ...event, batch: mark }
}

/**
 * Reads one line; never throws. Fails with {@link CorruptLine}, checking in the order of the contract: one JSON object of
 * at most {@link line_depth_max} levels whose numbers fit a double and whose known keys have their types, the version, the
 * six names not blank, the request id, the time. A key that is `null` counts as absent, and of two equal keys the last
 * counts. Lone surrogates become U+FFFD.
 */
export const decodeLine = (line: string): Result.Result<LedgerEvent, CorruptLine> => {
  let value: unknown
  try {
    value = JSON.parse(withoutLoneSurrogates(line))
  } catch (cause) {
    return corrupt(`invalid json: ${cause instanceof Error ? cause.message : "unreadable"}`)
  }
  const event = eventOf(line, value)
  return event === undefined ? judge(line, value) : Result.succeed(event)
}

/** The same, check by check, with the reason for a no. */
const judge = (line: string, value: unknown): Result.Result<LedgerEvent, CorruptLine> => {
  const misshapen = refuseShape(line, value)
  if (misshapen !== undefined || !isObject(value)) return corrupt(`invalid json: ${misshapen}`)
  const version = value["schema_version"] ?? 0
  if (!Number.isInteger(version)) return corrupt("invalid json: schema_version must be an integer")
  for (const name of names) {
    const entry = value[name]
    if (typeof entry !== "string" && entry !== undefined && entry !== null)
      return corrupt(`invalid json: ${name} must be a string`)
  }
  const payload = value["payload"] ?? {}
  if (!isObject(payload)) return corrupt("invalid json: payload must be an object")
  const batch = batchOf(value["batch"] ?? undefined)
  if (batch === null) return corrupt("invalid json: batch must be [index, count]")
  if (version !== 1) return corrupt(`schema_version mismatch: got ${JSON.stringify(version)} want 1`)
  for (const name of names) {
    const entry = value[name]
    if (typeof entry !== "string" || entry.trim() === "") return corrupt(`${name} is required`)
  }
  const { event_id, request_id, job_id, event_type, occurred_at, actor } = value as Record<
    (typeof names)[number],
    string
  >
  if (refuseRequestId(request_id) !== undefined)
    return corrupt(`request_id ${quote(request_id)} must not contain whitespace`)
  if (!isTime(occurred_at)) return corrupt(`invalid occurred_at: ${quote(occurred_at)} is not RFC 3339`)
  const event = { schema_version: 1, event_id, request_id, job_id, event_type, occurred_at, actor } as const
  const owned = payload as JsonObject
  return Result.succeed(batch === undefined ? { ...event, payload: owned } : { ...event, payload: owned, batch })
}
