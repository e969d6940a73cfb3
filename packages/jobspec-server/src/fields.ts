/**
 * The known fields of a request's body (JobSpec v0 §1.2): a wrong JSON type is refused, `null` counts as absent, unknown
 * fields are ignored, and letter case does not matter.
 *
 * @module
 */
import type { Json, JsonObject } from "@waybill/ledger"
import { type Refused, refuse } from "./Http.ts"

interface Kinds {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
  readonly object: JsonObject
  readonly strings: ReadonlyArray<string>
  /** A text, or a number of seconds: see `durationOf`. */
  readonly duration: string | number
}
type Kind = keyof Kinds

/** The fields that a body may have, each with its kind. */
export type Shape = Readonly<Record<string, Kind>>
export type FieldsOf<S extends Shape> = { readonly [K in keyof S]?: Kinds[S[K]] }

const is: { readonly [K in Kind]: (value: Json) => boolean } = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  strings: (value) => Array.isArray(value) && value.every((each: Json) => typeof each === "string"),
  duration: (value) => typeof value === "string" || typeof value === "number",
}

/** Reads the known fields, or says that the body is no JSON of this shape. */
export const readFields = <const S extends Shape>(body: JsonObject, shape: S): FieldsOf<S> | Refused => {
  const fields: Record<string, Json> = {}
  for (const sent of Object.keys(body)) {
    const value = body[sent] as Json
    const name = Object.hasOwn(shape, sent) ? sent : sent.toLowerCase()
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (kind === undefined || value === null) continue
    if (!is[kind](value)) return refuse(400, "invalid json")
    fields[name] = value
  }
  return fields as FieldsOf<S>
}
