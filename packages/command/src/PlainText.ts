/**
 * Text that a terminal or a parser cannot be tricked with.
 *
 * @module
 */

// OSC sequences end with BEL or ST; CSI and the two-character escapes end by themselves. 8-bit forms count too. Written as
// text, because what a linter takes for a slip in a literal is the point here.
const sequences = new RegExp(
  [
    String.raw`(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?`,
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?`,
    String.raw`\u001b[@-Z\\-_]?`,
    String.raw`\r`,
  ].join("|"),
  "g",
)

/** Without ANSI and OSC sequences and carriage returns. */
export const plainText = (text: string): string => text.replace(sequences, "")

const credentials = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:"']+(?::[^\s/@"']*)?@/gi
const bearer = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g

/** What stands in place of a secret. */
export const redacted = "[redacted]"

/** Secrets shorter than this are only taken out where they stand as a word of their own: parts of words are no secrets. */
const part_length_min = 6
const word = /[\p{L}\p{N}_]/u

/** The text without these values, the empty one ignored. */
export const withoutSecrets = (text: string, secrets: ReadonlyArray<string>): string => {
  let clean = text
  for (const secret of secrets) {
    if (secret === "") continue
    if (secret.length >= part_length_min) clean = clean.replaceAll(secret, redacted)
    else
      clean = clean.replaceAll(secret, (found, at: number, whole: string) => {
        const isPart =
          (word.test(found.charAt(0)) && word.test(whole.charAt(at - 1))) ||
          (word.test(found.at(-1) ?? "") && word.test(whole.charAt(at + found.length)))
        return isPart ? found : redacted
      })
  }
  return clean
}

/** Takes secrets out of a text: the given values, credentials inside URLs, and authorization headers. */
export const redact = (text: string, secrets: ReadonlyArray<string>): string =>
  withoutSecrets(text.replace(credentials, `$1${redacted}@`).replace(bearer, `$1 ${redacted}`), secrets)
