import { stripVTControlCharacters } from "node:util"
import type { Output } from "../../src/display.ts"

const escape = "\u001B"
const tokens = new RegExp(`(${escape}\\[\\d*[ABK])|\\n|\\r|(?:(?!${escape}\\[\\d*[ABK])[^\\n\\r])+`, "g")

/** A terminal's screen, as far as the display moves on it; fails on a control sequence it does not know. */
export const makeScreen = (columns: number, rows: number) => {
  const lines: Array<string> = [""]
  let row = 0
  let written = ""
  const write = (text: string) => {
    written += text
    for (const [token, move] of text.matchAll(tokens)) {
      if (token === "\n") {
        row += 1
        lines[row] ??= ""
      } else if (token === "\r") continue
      else if (move === undefined) lines[row] = (lines[row] ?? "") + stripVTControlCharacters(token)
      else if (move.endsWith("K")) lines[row] = ""
      else row += Number(move.slice(2, -1)) * (move.endsWith("A") ? -1 : 1)
      if (row < lines.length - rows || row >= lines.length) throw new Error(`row ${row} is off the screen`)
    }
  }
  const output: Output = { write, isTTY: true, columns, rows }
  return { output, lines: () => lines.filter((line) => line !== ""), written: () => written }
}
