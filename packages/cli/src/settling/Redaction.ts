/**
 * Takes secrets out of what programs printed.
 *
 * @module
 */

const secret_name = /(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|_KEY$|_PAT$)/iu
const value_length_min = 6
const mark = "[redacted]"

/** Shapes that are never anything but a credential. */
const shapes: ReadonlyArray<RegExp> = [
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})\b/gu,
  /\bsk-[A-Za-z0-9_-]{16,}\b/gu,
  /\bAKIA[0-9A-Z]{16}\b/gu,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}\b/gu,
  /(?<=\bBearer )[A-Za-z0-9._~+/-]{12,}=*/giu,
  /(?<=:\/\/[^\s/:@]{1,64}:)[^\s/@]+(?=@)/gu,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gu,
]

/** The text without values of variables whose name says that they are secret, and without what looks like a credential. */
export const redacted = (text: string, env: Readonly<Record<string, string | undefined>>): string => {
  const values = Object.entries(env)
    .flatMap(([name, value = ""]) => (secret_name.test(name) && value.length >= value_length_min ? [value] : []))
    .toSorted((a, b) => b.length - a.length)
  const named = values.reduce((rest, value) => rest.replaceAll(value, mark), text)
  return shapes.reduce((rest, shape) => rest.replaceAll(shape, mark), named)
}
