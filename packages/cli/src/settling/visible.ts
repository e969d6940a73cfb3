/**
 * Text of others as people are shown it.
 *
 * @module
 */

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const obeyed = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/**
 * The text with everything escaped that a terminal would obey: control characters, line ends among them, and marks that turn the
 * direction of writing. A tab stays.
 *
 * @example
 * visible("\u001b[2J") // "\\x1b[2J"
 */
export const visible = (text: string): string =>
  text.replaceAll(obeyed, (character) => {
    if (character === "\n") return "\\n"
    if (character === "\r") return "\\r"
    const code = character.codePointAt(0) ?? 0
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
  })

/** The lines of a text, each of them {@link visible}. */
export const visibleLines = (text: string): ReadonlyArray<string> => text.trimEnd().split(/\r?\n/u).map(visible)
