/**
 * What the lines of `--verify` are called, in the record and where their output is kept.
 *
 * @module
 */

/** 60 characters, whole ones, of more. What is behind them rarely says more to a reader. */
const beginning = /^.{60}(?=.)/su

const cut = (line: string): string => {
  const name = line.toWellFormed()
  const begun = beginning.exec(name)?.[0]
  return begun === undefined ? name : `${begun}…`
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
