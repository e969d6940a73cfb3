import type { PatternType } from "./Wire.ts"

/** What the ready-made patterns match: whole values, never parts. */
export const patterns: Readonly<Record<PatternType, string>> = {
  alphanumeric_id: "^[A-Za-z0-9][A-Za-z0-9_-]*$",
  uuid: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
  semver: "^\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?$",
  // No control characters: a name that hides a newline or a bell is never meant.
  filepath: "^[^\\u0000-\\u001f\\u007f]+$",
  url: "^[a-zA-Z][a-zA-Z0-9+.-]*://[^\\s\\u0000-\\u001f\\u007f]+$",
}

export const pattern_types = [
  "alphanumeric_id",
  "uuid",
  "semver",
  "filepath",
  "url",
] as const satisfies ReadonlyArray<PatternType>

/** The pattern of a flag as a regular expression; undefined when it has none, or one that is no expression. */
export const patternOf = (flag: {
  readonly pattern?: string | undefined
  readonly pattern_type?: PatternType | undefined
}): RegExp | undefined => {
  const text = flag.pattern ?? (flag.pattern_type === undefined ? undefined : patterns[flag.pattern_type])
  if (text === undefined) return undefined
  try {
    return new RegExp(text, "u")
  } catch {
    return undefined
  }
}
