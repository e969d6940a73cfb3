/**
 * Text of others as people are shown it.
 *
 * @module
 */

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const obeyed = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

// oxlint-disable-next-line no-control-regex -- the sequences that choose colours begin with one
const colours = /(\u001b\[[\d;]*m)/u

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

/** A text that may have several lines, {@link visible}, and no later line of it stands where one of the program's own would. */
export const visibleBlock = (text: string): string => visibleLines(text).join("\n  ")

/**
 * What a command drew itself: its lines, tabs and colours stay, and everything else that a terminal would obey is escaped. Colours
 * go as well where none are wanted.
 */
export const visibleDrawing = (text: string, colour: boolean): string =>
  text
    .split("\n")
    .map((line) =>
      line
        .split(colours)
        .map((part, index) => (index % 2 === 0 ? visible(part) : colour ? part : ""))
        .join(""),
    )
    .join("\n")

// oxlint-disable-next-line no-control-regex -- these are what JSON leaves as they are
const obeyed_in_json = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** The same JSON, with everything escaped that a terminal would obey. */
export const visibleJson = (json: string): string =>
  json.replaceAll(obeyed_in_json, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)
