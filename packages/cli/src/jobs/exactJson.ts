/**
 * What of a JSON text would be recorded as something else than was written: of keys that are said twice only the last counts,
 * and numbers are doubles.
 *
 * @module
 */

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[[\]{},:]|true|false|null/gu

/** The digits of a number without a sign, without zeros around them, and the power of ten of the last one. */
const digitsOf = (literal: string): string => {
  const [mantissa = "", exponent = "0"] = literal.toLowerCase().split("e")
  const [whole = "", fraction = ""] = mantissa.split(".")
  const digits = `${whole}${fraction}`.replace(/^0+/u, "")
  const kept = digits.replace(/0+$/u, "")
  return kept === "" ? "0" : `${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`
}

const isExact = (literal: string): boolean => {
  const value = Math.abs(Number(literal))
  return Number.isFinite(value) && digitsOf(literal.replace(/^-/u, "")) === digitsOf(String(value))
}

interface Level {
  readonly keys: Set<string> | undefined
  /** The key or the index of what comes next. */
  at: string | number
}

const pathOf = (levels: ReadonlyArray<Level>): string =>
  levels.map(({ at }) => (typeof at === "number" ? `[${at}]` : `[${JSON.stringify(at)}]`)).join("")

/**
 * The first thing that would change, and where; `undefined` when the value says all that the text says.
 *
 * @param text JSON
 */
export const inexactIn = (text: string): string | undefined => {
  const levels: Array<Level> = []
  let isKeyNext = false
  for (const [word] of text.matchAll(token)) {
    const level = levels.at(-1)
    if (word === "{" || word === "[") {
      levels.push(word === "{" ? { keys: new Set(), at: "" } : { keys: undefined, at: 0 })
      isKeyNext = word === "{"
    } else if (word === "}" || word === "]") {
      levels.pop()
      isKeyNext = false
    } else if (word === ",") {
      isKeyNext = level?.keys !== undefined
      if (typeof level?.at === "number") level.at++
    } else if (isKeyNext && level?.keys !== undefined) {
      const key: unknown = JSON.parse(word)
      level.at = String(key)
      if (level.keys.has(level.at)) return `the key ${pathOf(levels)} is there twice`
      level.keys.add(level.at)
      isKeyNext = false
    } else if (/^[-\d]/u.test(word) && !isExact(word)) {
      const shown = word.length > 60 ? `${word.slice(0, 59)}…` : word
      return `the number ${shown} at ${pathOf(levels)} would become ${String(Number(word))}; write it as a string`
    }
  }
  return undefined
}
