import { type FlagEntry, type PatternType, patternOf } from "@waybill/command-contract"
import { nearest } from "./EditDistance.ts"

/** A value as its flag's type, or what is wrong with it. */
export type ValueReading =
  | { readonly ok: true; readonly value: string | number | boolean }
  | { readonly ok: false; readonly code: string; readonly problem: string }

const refuse = (code: string, problem: string): ValueReading => ({ ok: false, code, problem })

/** Text for a message: quoted, and not endless. */
export const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

const preset_names: Readonly<Record<PatternType, string>> = {
  alphanumeric_id: "an id of letters, digits, _ and -",
  uuid: "a UUID",
  semver: "a version such as 1.2.3",
  filepath: "a file path",
  url: "a URL such as https://example.org/",
}

/** A value in a message about it; a secret one is not repeated. */
const quotedOf = (entry: FlagEntry, text: string): string => (entry.secret === true ? "the value" : shown(text))

const readText = (entry: FlagEntry, text: string): ValueReading => {
  const quoted = quotedOf(entry, text)
  if (entry.max_bytes !== undefined && Buffer.byteLength(text) > entry.max_bytes) {
    return refuse("FLAG_TOO_LONG", `is ${Buffer.byteLength(text)} bytes long; at most ${entry.max_bytes} are accepted`)
  }
  const pattern = patternOf(entry)
  if (pattern === undefined || pattern.test(text)) return { ok: true, value: text }
  const preset = entry.pattern_type
  const problem = preset === undefined ? `does not match ${entry.pattern ?? ""}` : `is not ${preset_names[preset]}`
  return refuse("FLAG_PATTERN", `${quoted} ${problem}`)
}

/** Reads one value of a flag from the command line. */
export const readFlagValue = (entry: FlagEntry, text: string): ValueReading => {
  switch (entry.type) {
    case "integer":
      return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
        ? { ok: true, value: Number(text) }
        : refuse("FLAG_TYPE", `${quotedOf(entry, text)} is not a whole number`)
    case "number":
      return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))
        ? { ok: true, value: Number(text) }
        : refuse("FLAG_TYPE", `${quotedOf(entry, text)} is not a number`)
    case "boolean":
      return text === "true" || text === "false"
        ? { ok: true, value: text === "true" }
        : refuse("FLAG_TYPE", `${quotedOf(entry, text)} is neither true nor false`)
    case "enum": {
      const values = entry.enum_values ?? []
      if (values.includes(text)) return { ok: true, value: text }
      const meant = nearest(text, values)
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`
      return refuse("FLAG_ENUM", `${quotedOf(entry, text)} is none of ${values.join(", ")}${hint}`)
    }
    default:
      return readText(entry, text)
  }
}
