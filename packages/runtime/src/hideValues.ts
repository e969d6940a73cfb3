/**
 * Keeping secrets out of what is told about a program.
 *
 * @module
 */

/** A shorter value is no secret, and taking it out would make the text unreadable. */
export const secret_length_min = 6

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
/** Some writers of JSON leave nothing but ASCII. */
const inAscii = (json: string): string =>
  json.replaceAll(/[^\0-\x7f]/gu, (letter) =>
    Array.from(
      { length: letter.length },
      (_, at) => String.raw`\u` + letter.charCodeAt(at).toString(16).padStart(4, "0"),
    ).join(""),
  )

/** A value as it is, in JSON, in JSON within JSON, in an address and in a JSON Pointer. */
const spellings = (value: string): ReadonlyArray<string> => {
  const json = inJson(value)
  return [
    value,
    json,
    inJson(json),
    inAscii(json),
    encodeURIComponent(value.toWellFormed()),
    value.replaceAll("~", "~0").replaceAll("/", "~1"),
  ]
}

/**
 * The texts that are hidden, the longest first, since one may be a part of another, each with the name of its variable: the values
 * from six characters on, in every spelling that a program prints without meaning to hide them. Base64, compressed and otherwise
 * disguised values are not among them.
 */
export const secretsOf = (
  env: Readonly<Record<string, string>>,
): ReadonlyArray<readonly [name: string, text: string]> => {
  const names = new Map<string, string>()
  const values = Object.entries(env).filter(
    ([, value]) => typeof value === "string" && value.length >= secret_length_min,
  )
  for (const [name, value] of values) for (const text of spellings(value)) if (!names.has(text)) names.set(text, name)
  return [...names].map(([text, name]) => [name, text] as const).toSorted(([, a], [, b]) => b.length - a.length)
}

/**
 * The text with the values of variables replaced by the variables' names: a program may say what it was given in confidence. To be
 * called before a text is cut, since afterwards the beginning of a value is none.
 *
 * @example
 * hideValues("no access with s3cr3t-t0ken", { TOKEN: "s3cr3t-t0ken" }) // "no access with [TOKEN]"
 */
export const hideValues = (text: string, env: Readonly<Record<string, string>>): string =>
  secretsOf(env).reduce((hidden, [name, value]) => hidden.replaceAll(value, () => `[${name}]`), text)
