/**
 * The structural check of a job's payload (JobSpec v0 §14): a known field whose JSON type is wrong is refused; what is
 * missing, unknown or `null` passes, and no value is judged.
 *
 * @module
 */
import type { Json, JsonObject } from "@waybill/ledger"

/** What a field must hold, where it holds something. */
export type FieldKind =
  /** A number without a fraction that fits 64 bits: `1.0` is one. */
  | "int"
  | "string"
  | "bool"
  /** A string, or a list of strings. */
  | "string or strings"
  | { readonly object: PayloadShape }
  | { readonly list: FieldKind }

/** The known fields by name; names match whatever their case. */
export type PayloadShape = Readonly<Record<string, FieldKind>>

const int64_end = 2 ** 63
const isInt = (value: Json): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= -int64_end && value < int64_end

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const stringOrStrings = (value: Json, at: string): string | undefined => {
  if (typeof value === "string") return undefined
  if (!Array.isArray(value)) return `${at} must be a string or list of strings`
  const index = (value as ReadonlyArray<Json>).findIndex((item) => typeof item !== "string")
  return index === -1 ? undefined : `${at}[${index}] must be a string`
}

const refuseField = (kind: FieldKind, value: Json, at: string): string | undefined => {
  if (value === null) return undefined
  switch (kind) {
    case "int":
      return isInt(value) ? undefined : `${at} must be an integer`
    case "string":
      return typeof value === "string" ? undefined : `${at} must be a string`
    case "bool":
      return typeof value === "boolean" ? undefined : `${at} must be true or false`
    case "string or strings":
      return stringOrStrings(value, at)
    default: {
      if ("object" in kind)
        return isObject(value) ? refuseFields(kind.object, value, `${at}.`) : `${at} must be an object`
      if (!Array.isArray(value)) return `${at} must be a list`
      for (const [i, item] of (value as ReadonlyArray<Json>).entries()) {
        const reason = refuseField(kind.list, item, `${at}[${i}]`)
        if (reason !== undefined) return reason
      }
      return undefined
    }
  }
}

// The long s and the Kelvin sign are other cases of s and k, too.
const folded = (name: string): string => name.toUpperCase().toLowerCase()

const refuseFields = (shape: PayloadShape, payload: JsonObject, path: string): string | undefined => {
  for (const [name, value] of Object.entries(payload)) {
    const known = Object.hasOwn(shape, name) ? name : folded(name)
    const kind = Object.hasOwn(shape, known) ? shape[known] : undefined
    const reason = kind === undefined ? undefined : refuseField(kind, value, `${path}${known}`)
    if (reason !== undefined) return reason
  }
  return undefined
}

/**
 * What is wrong with the structure of a payload, or `undefined`.
 *
 * @example
 * import { refusePayload } from "@waybill/jobspec"
 *
 * refusePayload({ start_phase: "int" }, { START_PHASE: 1.5 }) // "start_phase must be an integer"
 */
export const refusePayload = (shape: PayloadShape, payload: JsonObject): string | undefined =>
  refuseFields(shape, payload, "")

/** A shape from lists of names. */
export const fields = (kinds: {
  readonly int?: ReadonlyArray<string>
  readonly string?: ReadonlyArray<string>
  readonly more?: PayloadShape
}): PayloadShape => ({
  ...Object.fromEntries((kinds.int ?? []).map((name) => [name, "int"])),
  ...Object.fromEntries((kinds.string ?? []).map((name) => [name, "string"])),
  ...kinds.more,
})
