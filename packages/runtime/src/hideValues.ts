/**
 * Keeping secrets out of what is told about a program.
 *
 * @module
 */

/** A shorter value is no secret, and taking it out would make the text unreadable. */
const secret_length_min = 6

/** The variables whose values are hidden, the longest value first, since a value may be a part of another one. */
export const secretsOf = (
  env: Readonly<Record<string, string>>,
): ReadonlyArray<readonly [name: string, value: string]> =>
  Object.entries(env)
    .filter(([, value]) => typeof value === "string" && value.length >= secret_length_min)
    .toSorted(([, a], [, b]) => b.length - a.length)

/**
 * The text with the values of variables replaced by the variables' names: a program may say what it was given in confidence.
 *
 * @example
 * hideValues("no access with s3cr3t-t0ken", { TOKEN: "s3cr3t-t0ken" }) // "no access with [TOKEN]"
 */
export const hideValues = (text: string, env: Readonly<Record<string, string>>): string =>
  secretsOf(env).reduce((hidden, [name, value]) => hidden.replaceAll(value, () => `[${name}]`), text)
