import { reserved_flags, reserved_letters } from "./InjectedFlags.ts"
import { patternOf, pattern_types } from "./Patterns.ts"
import { type Report, isRecord, show } from "./Report.ts"

const types = ["string", "integer", "number", "boolean", "array", "enum"]
const known = new Set([
  "type",
  "required",
  "description",
  "default",
  "enum_values",
  "short",
  "pattern",
  "pattern_type",
  "positional",
  "max_bytes",
  "value_name",
  "secret",
])

const isStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

/** What a default must be, by type of flag. */
const fits = (type: unknown, value: unknown, values: ReadonlyArray<string>): boolean => {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(value)
    case "number":
      return Number.isFinite(value)
    case "boolean":
      return typeof value === "boolean"
    case "array":
      return isStrings(value)
    case "enum":
      return typeof value === "string" && values.includes(value)
    default:
      return typeof value === "string"
  }
}

const checkPattern = (report: Report, path: string, flag: Readonly<Record<string, unknown>>): void => {
  const { pattern, pattern_type } = flag
  if (pattern !== undefined && pattern_type !== undefined) {
    report("FLAG_INVALID", path, "has both pattern and pattern_type; keep one")
  }
  if (pattern_type !== undefined && !pattern_types.some((name) => name === pattern_type)) {
    report("FLAG_INVALID", `${path}.pattern_type`, `must be one of ${pattern_types.join(", ")}`)
  }
  if (pattern === undefined) return
  if (typeof pattern !== "string" || patternOf({ pattern }) === undefined) {
    report("FLAG_INVALID", `${path}.pattern`, "is not a regular expression")
  } else if (!pattern.startsWith("^") || !/(?:^|[^\\])(?:\\\\)*\$$/.test(pattern)) {
    report(
      "PATTERN_UNANCHORED",
      `${path}.pattern`,
      `must begin with ^ and end with $, so that it judges the whole value`,
    )
  }
}

const checkFlag = (report: Report, name: string, flag: Readonly<Record<string, unknown>>): void => {
  const path = `parameters.${name}`
  const invalid = (message: string) => report("FLAG_INVALID", path, message)
  const { default: fallback, description, enum_values, max_bytes, positional, required, type, value_name } = flag
  for (const key of Object.keys(flag)) if (!known.has(key)) invalid(`${key} is not known`)
  if (!types.some((each) => each === type)) invalid(`type must be one of ${types.join(", ")}`)
  if (typeof description !== "string" || description === "") invalid("needs a description")
  if (required !== undefined && typeof required !== "boolean") invalid("required must be true or false")
  if (required === true && Object.hasOwn(flag, "default")) invalid("is required and has a default; keep one")
  if (type === "enum" ? !isStrings(enum_values) || enum_values.length === 0 : enum_values !== undefined) {
    invalid(type === "enum" ? "enum_values must list at least one string" : "enum_values belongs to type enum only")
  }
  if (Object.hasOwn(flag, "default")) {
    if (fallback === null || fallback === undefined) invalid("leave default out when there is none")
    else if (!fits(type, fallback, isStrings(enum_values) ? enum_values : [])) {
      invalid(`its default ${show(fallback)} is not a value of type ${show(type)}`)
    }
  }
  if (positional !== undefined && !(Number.isSafeInteger(positional) && Number(positional) >= 0)) {
    invalid("positional must be a whole number from 0")
  }
  if (positional !== undefined && type === "boolean") invalid("a boolean cannot be positional")
  if (max_bytes !== undefined && !(Number.isSafeInteger(max_bytes) && Number(max_bytes) >= 1)) {
    invalid("max_bytes must be a whole number from 1")
  }
  if (value_name !== undefined && (typeof value_name !== "string" || value_name === "")) {
    invalid("value_name must be a word such as DIR")
  }
  if (flag["secret"] !== undefined && typeof flag["secret"] !== "boolean") invalid("secret must be true or false")
  checkPattern(report, path, flag)
}

/** Words without a dash are counted from 0 without a gap; a required one may not follow an optional one, a list is last. */
const checkPositions = (report: Report, flags: ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>]>) => {
  const placed = flags
    .filter(([, { positional }]) => Number.isSafeInteger(positional))
    .toSorted(([, a], [, b]) => Number(a["positional"]) - Number(b["positional"]))
  for (const [index, [name, flag]] of placed.entries()) {
    const invalid = (message: string) => report("FLAG_INVALID", `parameters.${name}.positional`, message)
    const before = placed[index - 1]?.[1]
    if (flag["positional"] !== index) invalid(`must be ${index}: places are counted from 0, each once, without a gap`)
    if (before?.["type"] === "array") invalid("nothing can follow a list")
    if (flag["required"] === true && before !== undefined && before["required"] !== true) {
      invalid("a required one cannot follow an optional one")
    }
  }
}

/** Checks the `parameters` of a registration; answers their names. */
export const checkFlags = (report: Report, declared: unknown): ReadonlySet<string> => {
  if (declared === undefined) return new Set()
  if (!isRecord(declared)) {
    report("FLAG_INVALID", "parameters", "must be an object of flags")
    return new Set()
  }
  const letters = new Set<unknown>()
  const flags: Array<readonly [string, Readonly<Record<string, unknown>>]> = []
  for (const [name, flag] of Object.entries(declared)) {
    const path = `parameters.${name}`
    if (reserved_flags.has(name)) {
      report("FLAG_RESERVED", path, `--${name} is the framework's own; choose another name`)
      continue
    }
    if (!/^[a-z][a-z0-9-]*$/.test(name)) report("FLAG_INVALID", path, "names are lower case: [a-z][a-z0-9-]*")
    if (!isRecord(flag)) {
      report("FLAG_INVALID", path, "must be an object with type and description")
      continue
    }
    const { short } = flag
    if (short !== undefined) {
      if (typeof short !== "string" || !/^[A-Za-z0-9]$/.test(short)) {
        report("FLAG_INVALID", `${path}.short`, "must be one letter or digit")
      } else if (reserved_letters.has(short)) {
        report("FLAG_RESERVED", `${path}.short`, `-${short} is the framework's own`)
      } else if (letters.has(short)) report("FLAG_INVALID", `${path}.short`, `-${short} is taken by another flag`)
      letters.add(short)
    }
    checkFlag(report, name, flag)
    flags.push([name, flag])
  }
  checkPositions(report, flags)
  return new Set(flags.map(([name]) => name))
}
