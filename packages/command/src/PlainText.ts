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

/**
 * Takes secrets out of a text: the given values, credentials inside URLs, and authorization headers.
 *
 * @param secrets values that must not appear; the empty text is ignored
 */
export const redact = (text: string, secrets: ReadonlyArray<string>): string => {
  let clean = text.replace(credentials, `$1${redacted}@`).replace(bearer, `$1 ${redacted}`)
  for (const secret of secrets) if (secret !== "") clean = clean.replaceAll(secret, redacted)
  return clean
}
