/**
 * What the lines of `--verify` are called, in the record and where their output is kept.
 *
 * @module
 */

/** In characters. What is behind it rarely says more to a reader. */
const length_max = 60

const cut = (line: string): string => {
  const characters = [...line.toWellFormed()]
  return characters.length > length_max ? `${characters.slice(0, length_max).join("")}…` : line.toWellFormed()
}

/**
 * One name for each line: the line itself, cut where it is long. No two are the same, and none is one of those taken: what would be
 * gets a number, `grep -q final (2)`. Checks and kept outputs are known by these names.
 */
export const namesOf = (lines: ReadonlyArray<string>, taken: ReadonlyArray<string>): ReadonlyArray<string> => {
  const used = new Set(taken)
  return lines.map((line) => {
    const name = cut(line)
    let free = name
    for (let number = 2; used.has(free); number++) free = `${name} (${number})`
    used.add(free)
    return free
  })
}
