/**
 * The fields of an event's payload, each taken only where it has its type (JobSpec v0 §8, §11).
 *
 * @module
 */
import type { Json, JsonObject } from "@waybill/ledger"

export type Texts = Readonly<Record<string, string>>
export type Refs = Readonly<Record<string, JsonObject>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// None of the names that are asked for here is one that every object inherits.
const own = (payload: JsonObject, name: string): Json | undefined => payload[name]

/** A field that is a text; an empty one counts as absent. */
export const textOf = (payload: JsonObject, name: string): string | undefined => {
  const value = own(payload, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

/** A field that is a number, without its fraction. One that cannot be counted with is none. */
export const wholeOf = (payload: JsonObject, name: string): number | undefined => {
  const value = own(payload, name)
  // The sum turns -0 into 0.
  const whole = typeof value === "number" ? Math.trunc(value) + 0 : undefined
  return Number.isSafeInteger(whole) ? whole : undefined
}

export const objectOf = (payload: JsonObject, name: string): JsonObject | undefined => {
  const value = own(payload, name)
  return isObject(value) ? value : undefined
}

/** `projection_targets`, which may also be a single text. */
export const targetsOf = (payload: JsonObject): ReadonlyArray<string> | undefined => {
  const value = own(payload, "projection_targets")
  if (typeof value === "string") return value === "" ? undefined : [value]
  if (!Array.isArray(value)) return undefined
  return (value as ReadonlyArray<Json>).filter((item) => typeof item === "string")
}

/** How a job failed. */
export interface JobFailure {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
}

/** The code of a failure that names none. */
export const default_failure_code = "request_rejected"

/** The failure a payload tells of: nested, or spelled at its top, which counts more. */
export const failureOf = (payload: JsonObject): JobFailure => {
  const nested = objectOf(payload, "failure") ?? {}
  const flag = own(payload, "retryable") ?? own(nested, "retryable")
  return {
    code: textOf(payload, "failure_code") ?? textOf(nested, "code") ?? default_failure_code,
    message: textOf(payload, "message") ?? textOf(nested, "message") ?? "",
    retryable: flag === true,
  }
}

/** What a job has made so far. */
export interface Made {
  readonly artifacts?: Texts | undefined
  readonly artifact_refs?: Refs | undefined
}

/** With what a payload adds; a reference that has a path names an artifact, too. The same value when it adds nothing. */
export const addMade = (before: Made, payload: JsonObject): Made => {
  const artifacts = Object.entries(objectOf(payload, "artifacts") ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  )
  const refs = Object.entries(objectOf(payload, "artifact_refs") ?? {}).filter((entry): entry is [string, JsonObject] =>
    isObject(entry[1]),
  )
  if (artifacts.length === 0 && refs.length === 0) return before
  const named = refs.flatMap(([name, ref]) => {
    const path = textOf(ref, "path")
    return path === undefined ? [] : [[name, path] as const]
  })
  // Both copy own keys as they are, `__proto__` included.
  const more = { ...before.artifacts, ...Object.fromEntries(artifacts), ...Object.fromEntries(named) }
  return {
    artifacts: Object.keys(more).length === 0 ? undefined : more,
    artifact_refs: refs.length === 0 ? before.artifact_refs : { ...before.artifact_refs, ...Object.fromEntries(refs) },
  }
}

/** How many request ids a job remembers; a job that was asked for under more is nothing a worker makes. */
export const request_ids_max = 1000

/** With one more request id, unless it is known. The same list when nothing is new. */
export const addRequestId = (known: ReadonlyArray<string>, id: string): ReadonlyArray<string> =>
  known.at(-1) === id || known.length >= request_ids_max || known.includes(id) ? known : [...known, id]

/** Whether a job's payload asks for a terminal artifact: such a job needs a worker with this ledger's data plane. */
export const asksForArtifact = (payload: JsonObject): boolean => objectOf(payload, "terminal_artifact") !== undefined
