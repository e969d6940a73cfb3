/**
 * JSON Schema, as far as a registration needs it: whether a value is one at all. What a schema says about data is asked
 * of a validator, elsewhere.
 *
 * @module
 */

/** A JSON Schema of draft 2020-12, as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

const types = new Set(["null", "boolean", "object", "array", "number", "string", "integer"])
const of = (kind: string) => (value: unknown) => (typeof value === kind ? undefined : `must be a ${kind}`)
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isCount = (value: unknown) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : "must be a whole number from 0"
const isNames = (value: unknown) =>
  Array.isArray(value) && value.every((name) => typeof name === "string") && new Set(value).size === value.length
    ? undefined
    : "must be a list of different strings"
const isTypes = (value: unknown) => {
  const all: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  return all.length > 0 && all.every((one) => typeof one === "string" && types.has(one))
    ? undefined
    : `must name types of JSON: ${[...types].join(", ")}`
}
const isRegExp = (value: unknown) => {
  if (typeof value !== "string") return "must be a string"
  try {
    new RegExp(value, "u")
    return undefined
  } catch {
    return "is not a regular expression"
  }
}

const simple: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  type: isTypes,
  required: isNames,
  enum: (value) => (Array.isArray(value) ? undefined : "must be a list"),
  pattern: isRegExp,
  minimum: of("number"),
  maximum: of("number"),
  exclusiveMinimum: of("number"),
  exclusiveMaximum: of("number"),
  multipleOf: (value) => (typeof value === "number" && value > 0 ? undefined : "must be a number above 0"),
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  minContains: isCount,
  maxContains: isCount,
  minProperties: isCount,
  maxProperties: isCount,
  uniqueItems: of("boolean"),
  readOnly: of("boolean"),
  writeOnly: of("boolean"),
  deprecated: of("boolean"),
  title: of("string"),
  description: of("string"),
  format: of("string"),
  $id: of("string"),
  $ref: of("string"),
  $schema: of("string"),
  $anchor: of("string"),
  $comment: of("string"),
  contentEncoding: of("string"),
  contentMediaType: of("string"),
  examples: (value) => (Array.isArray(value) ? undefined : "must be a list"),
}
const oneSchema = [
  "items",
  "additionalProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
  "unevaluatedItems",
  "unevaluatedProperties",
]
const listOfSchemas = ["allOf", "anyOf", "oneOf", "prefixItems"]
const mapOfSchemas = ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]

/** How deep a schema may nest. */
const depth_max = 100

/**
 * Everything that keeps a value from being a JSON Schema: `path: what is wrong` lines, empty for a schema. Unknown
 * keywords are legal; `$ref` is not followed.
 *
 * @example
 * refuseJsonSchema({ type: "objekt" }) // ["type: must name types of JSON: null, boolean, …"]
 */
export const refuseJsonSchema = (schema: unknown, path = "", depth = 0): ReadonlyArray<string> => {
  const at = (keyword: string) => (path === "" ? keyword : `${path}.${keyword}`)
  if (typeof schema === "boolean") return []
  if (!isRecord(schema)) return [`${path === "" ? "(root)" : path}: must be an object or a boolean`]
  if (depth > depth_max) return [`${path}: nests more than ${depth_max} deep`]
  return Object.entries(schema).flatMap(([keyword, value]): ReadonlyArray<string> => {
    const problem = Object.hasOwn(simple, keyword) ? simple[keyword]?.(value) : undefined
    if (problem !== undefined) return [`${at(keyword)}: ${problem}`]
    if (oneSchema.includes(keyword)) return refuseJsonSchema(value, at(keyword), depth + 1)
    if (listOfSchemas.includes(keyword)) {
      if (!Array.isArray(value) || value.length === 0) return [`${at(keyword)}: must be a list of schemas, not empty`]
      return value.flatMap((one, index) => refuseJsonSchema(one, `${at(keyword)}.${index}`, depth + 1))
    }
    if (mapOfSchemas.includes(keyword)) {
      if (!isRecord(value)) return [`${at(keyword)}: must be an object of schemas`]
      return Object.entries(value).flatMap(([name, one]) => refuseJsonSchema(one, `${at(keyword)}.${name}`, depth + 1))
    }
    return []
  })
}
