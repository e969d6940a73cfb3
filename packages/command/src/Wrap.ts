/**
 * Prose within the width of a terminal.
 *
 * @module
 */

/** Narrower than this, text is cut by the terminal rather than set one word a line. */
const narrowest = 24

/** Words in lines of at most `width` characters; a word that is longer than that stays whole, so that it can be copied. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > Math.max(narrowest, width)) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Wrapped text whose lines after the first stand further in. */
export const hanging = (text: string, width: number, indent: number, further = indent): ReadonlyArray<string> =>
  wrap(text, width - further).map((line, index) => " ".repeat(index === 0 ? indent : further) + line)

/**
 * Two columns: names, and what they mean beside them. A name that would leave no room has its meaning below it.
 */
export const columns = (rows: ReadonlyArray<readonly [string, string]>, width: number): ReadonlyArray<string> => {
  const widest_name = Math.max(narrowest, Math.floor(width / 2) - 4)
  const names = rows.map(([name]) => name.length).filter((length) => length <= widest_name)
  const name_width = Math.max(0, ...(names.length === 0 ? [8] : names))
  const at = name_width + 4
  return rows.flatMap(([name, meaning]) => {
    const [first = "", ...others] = wrap(meaning, width - at)
    const below = others.map((line) => " ".repeat(at) + line)
    if (name.length <= name_width) return [`  ${name.padEnd(name_width)}  ${first}`.trimEnd(), ...below]
    return [`  ${name}`, `${" ".repeat(at)}${first}`, ...below]
  })
}
