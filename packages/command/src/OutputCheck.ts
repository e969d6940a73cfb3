/**
 * Whether what a command answers keeps its own `output_schema`.
 *
 * @module
 */
import type { JsonSchema } from "@waybill/command-contract"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isOfType = (type: unknown, value: unknown): boolean => {
  switch (type) {
    case "null":
      return value === null
    case "array":
      return Array.isArray(value)
    case "object":
      return isRecord(value)
    case "integer":
      return Number.isSafeInteger(value)
    default:
      return (type === "string" || type === "number" || type === "boolean") && typeof value === type
  }
}

const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

const keeps = (keyword: string, wanted: unknown, value: unknown): boolean => {
  switch (keyword) {
    case "description":
    case "title":
      return true
    case "type":
      return (isList(wanted) ? wanted : [wanted]).some((type) => isOfType(type, value))
    case "enum":
      return isList(wanted) && typeof value !== "object" && wanted.includes(value)
    case "minimum":
      return typeof wanted === "number" && typeof value === "number" && value >= wanted
    case "pattern":
      return typeof wanted === "string" && typeof value === "string" && new RegExp(wanted, "u").test(value)
    case "required":
      return isList(wanted) && isRecord(value) && wanted.every((name) => Object.hasOwn(value, String(name)))
    case "properties":
      return (
        isRecord(wanted) &&
        isRecord(value) &&
        Object.entries(wanted).every(([name, schema]) => !Object.hasOwn(value, name) || isSurelyOf(schema, value[name]))
      )
    case "items":
      return isList(value) && value.every((item) => isSurelyOf(wanted, item))
    default:
      return false
  }
}

/**
 * Whether a schema surely takes a value, as far as the words tell that most schemas are made of. `false` says nothing: a
 * validator may take the value all the same. Loading one takes longer than most commands do.
 */
export const isSurelyOf = (schema: unknown, value: unknown): boolean =>
  isRecord(schema) && Object.entries(schema).every(([keyword, wanted]) => keeps(keyword, wanted, value))

/** Data that breaks its schema still goes out: the work is done. The author and the caller are told. */
export const checkOutput = async (schema: JsonSchema, data: object, warn: (text: string) => void): Promise<void> => {
  if (isSurelyOf(schema, data)) return
  const { Validator } = await import("@cfworker/json-schema")
  try {
    const { errors, valid } = new Validator({ ...schema }, "2020-12", false).validate(data)
    if (valid) return
    const found = errors.slice(-3).map(({ error, instanceLocation }) => `${instanceLocation}: ${error}`)
    warn(`OUTPUT_SCHEMA_VIOLATION: data does not keep its output_schema: ${found.join(" ")}`)
  } catch (error) {
    // Such as a reference that leads nowhere.
    warn(`OUTPUT_SCHEMA_UNUSABLE: ${error instanceof Error ? error.message : String(error)}`)
  }
}
