/**
 * A checkpoint as text, in pieces: one document of JSON with every entity on a line of its own. Neither who writes it nor who
 * reads it ever has more than a piece of it at once as text, so it may be longer than one string can be, and others can do
 * something in between.
 *
 * @module
 */
import type { Checkpoint } from "./Checkpoint.ts"

/** About so many characters a piece has: some milliseconds of work, at most. */
const piece_characters = 65_536
/** Lines are parsed so many characters at a time. */
const parsed_characters = 262_144

const lists = ["anomalies", "holders", "entities"] as const
type List = (typeof lists)[number]

const begin_of = (list: List) => `"${list}":[\n`
/** How the line before a list's first one ends. */
const between = (list: List) => `],${begin_of(list)}`
const end = "]}}\n"

/** The text of a checkpoint, piece by piece. */
export function* piecesOf({ name, state, version }: Checkpoint): Generator<string, void, undefined> {
  const { events, last, position, skipped } = state
  const rest = JSON.stringify({ name, version, state: { position, events, last, skipped } })
  let piece = `${rest.slice(0, -2)},`
  for (const [i, list] of lists.entries()) {
    piece += i === 0 ? begin_of(list) : between(list)
    const { length } = state[list]
    for (const [n, row] of state[list].entries()) {
      piece += `${JSON.stringify(row)}${n < length - 1 ? ",\n" : "\n"}`
      if (piece.length < piece_characters) continue
      yield piece
      piece = ""
    }
  }
  yield piece + end
}

const parseRows = (lines: string): ReadonlyArray<unknown> =>
  JSON.parse(`[${lines.endsWith(",\n") ? lines.slice(0, -2) : lines}]`) as ReadonlyArray<unknown>

/** Takes the pieces of a checkpoint's text, cut anywhere, and puts it together. */
export class CheckpointReader {
  /** What has come and is not parsed: a part of the list at hand. */
  #waiting = ""
  #head: Pick<Checkpoint, "name" | "version" | "state"> | undefined
  readonly #rows: Record<List, Array<unknown>> = { anomalies: [], holders: [], entities: [] }
  #list = 0

  /** Parses the complete lines of the list at hand, once there are enough of them; the break before what is left stays. */
  #takeRows(list: List, isEnd: boolean): void {
    const to = this.#waiting.lastIndexOf("\n")
    if (!isEnd && to < parsed_characters) return
    for (const row of parseRows(this.#waiting.slice(0, to + 1))) this.#rows[list].push(row)
    this.#waiting = this.#waiting.slice(to)
  }

  /** Goes on to the next list where the lines of the one at hand are here to the last. */
  #endList(list: List): boolean {
    // A list ends with a line that begins with a bracket like this. No row does, and none holds a line break.
    const at = this.#waiting.indexOf("\n]")
    const to = at < 0 ? -1 : this.#waiting.indexOf("\n", at + 1)
    if (to < 0) return false
    const next = lists[this.#list + 1]
    if (this.#waiting.slice(at + 1, to + 1) !== (next === undefined ? end : between(next)))
      throw new SyntaxError(`the ${list} of a checkpoint do not end like this`)
    const behind = this.#waiting.slice(to)
    this.#waiting = this.#waiting.slice(0, at + 1)
    this.#takeRows(list, true)
    this.#waiting = behind
    this.#list++
    return true
  }

  #begin(): void {
    const to = this.#waiting.indexOf("\n")
    if (to < 0) return
    const line = this.#waiting.slice(0, to + 1)
    const begun = `,${begin_of(lists[0])}`
    if (!line.endsWith(begun)) throw new SyntaxError("no checkpoint begins like this")
    this.#head = JSON.parse(`${line.slice(0, -begun.length)}}}`) as Checkpoint
    this.#waiting = this.#waiting.slice(to)
  }

  /** Throws a `SyntaxError` where it is no checkpoint's text. */
  push(text: string): void {
    this.#waiting += text
    if (this.#head === undefined) this.#begin()
    if (this.#head === undefined) return
    for (let list = lists[this.#list]; list !== undefined; list = lists[this.#list])
      if (!this.#endList(list)) return this.#takeRows(list, false)
  }

  /** The checkpoint; `undefined` where its text has not come to its end, or goes on behind it. */
  get checkpoint(): Checkpoint | undefined {
    if (this.#head === undefined || this.#list < lists.length || this.#waiting !== "\n") return undefined
    const { name, state, version } = this.#head
    return { name, version, state: { ...state, ...this.#rows } as Checkpoint["state"] }
  }
}
