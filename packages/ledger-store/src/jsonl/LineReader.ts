/**
 * Cuts the bytes of a ledger file into lines, and lines into records: one line, or the lines of one batch.
 *
 * Bytes after the last newline, and a batch that is not whole yet, stay pending: they are no records until the rest is there.
 *
 * @module
 */
import { decodeLine, type LedgerEvent, line_bytes_max } from "@waybill/ledger"
import { Result } from "effect"
import type { FieldLengths } from "./Rows.ts"

/** A line that counts as a record: it is not blank. */
export interface Line {
  readonly offset: number
  /** Without the newline. */
  readonly bytes: number
  /** Physical lines of the file up to this one, blank ones counted. */
  readonly line_number: number
  readonly content: LedgerEvent | { readonly error: string }
  /** What the content was decoded from; empty where it is not even text. */
  readonly text: string
  readonly raw: Uint8Array
  /** How to cut it, where that is known already. */
  readonly lengths?: FieldLengths | undefined
}

const newline = 0x0a
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Whether bytes are nothing but blank lines, or a part of one. */
export const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === newline)

const too_long = { error: "ledger event line exceeds MaxLedgerLineBytes" }
const not_utf8 = { error: "invalid json: the line is not UTF-8" }

const textOf = (line: Uint8Array): string | undefined => {
  try {
    return utf8.decode(line)
  } catch {
    return undefined
  }
}

const decode = (text: string): LedgerEvent | { readonly error: string } => {
  const decoded = decodeLine(text)
  return Result.isSuccess(decoded) ? decoded.success : { error: decoded.failure.reason }
}

/** Reads a line's bytes. The error is the contract's text (JobSpec v0 §7.3, §7.6). */
export const readLine = (line: Uint8Array): LedgerEvent | { readonly error: string } => {
  if (line.byteLength > line_bytes_max) return too_long
  const text = textOf(line)
  return text === undefined ? not_utf8 : decode(text)
}

export const incomplete_batch = "incomplete batch"
export const partial_line = "partial trailing line at EOF"

const batchOf = (line: Line) => ("error" in line.content ? undefined : line.content.batch)

export class LineReader {
  /** The file offset up to which everything has become records (or was blank). */
  end: number
  #line_number: number
  #rest: Uint8Array = new Uint8Array()
  #batch: Array<Line> = []
  #at: number
  #pending = 0

  constructor(end = 0, line_number = 0) {
    this.end = end
    this.#at = end
    this.#line_number = line_number
  }

  /** The file offset of the next byte to be pushed. */
  get next(): number {
    return this.#at + this.#rest.byteLength
  }

  get line_number(): number {
    return this.#line_number
  }

  /** How many lines were read that are no records yet. */
  get pending(): number {
    return this.#pending
  }

  /** Starts again behind the last record, forgetting what is pending. */
  restart(): LineReader {
    return new LineReader(this.end, this.#line_number - this.#pending)
  }

  /** Takes the next bytes of the file, and answers the records that they complete. */
  push(bytes: Uint8Array): ReadonlyArray<Line> {
    const done: Array<Line> = []
    let data = bytes
    if (this.#rest.byteLength > 0) {
      data = new Uint8Array(this.#rest.byteLength + bytes.byteLength)
      data.set(this.#rest)
      data.set(bytes, this.#rest.byteLength)
    }
    let start = 0
    for (;;) {
      const stop = data.indexOf(newline, start)
      if (stop < 0) break
      this.#line(data.subarray(start, stop), this.#at + start, done)
      start = stop + 1
    }
    this.#at += start
    // A copy, because the caller re-uses its buffer.
    this.#rest = data.slice(start)
    return done
  }

  /** What is left when the file has ended for good: lines that will never be records of more than damage. */
  finish(): ReadonlyArray<Line> {
    const left = this.#batch.map((line) => ({ ...line, content: { error: incomplete_batch } }))
    const rest = this.#rest
    if (!isBlank(rest))
      left.push({
        offset: this.#at,
        bytes: rest.byteLength,
        line_number: this.#line_number + 1,
        content: { error: partial_line },
        text: "",
        raw: rest,
      })
    return left
  }

  #settled(end: number): void {
    this.end = end
    this.#pending = 0
  }

  #line(line: Uint8Array, offset: number, done: Array<Line>): void {
    this.#line_number++
    this.#pending++
    const after = offset + line.byteLength + 1
    if (isBlank(line)) {
      if (this.#batch.length === 0) this.#settled(after)
      return
    }
    const text = line.byteLength > line_bytes_max ? "" : textOf(line)
    const read: Line = {
      offset,
      bytes: line.byteLength,
      line_number: this.#line_number,
      content: line.byteLength > line_bytes_max ? too_long : text === undefined ? not_utf8 : decode(text),
      text: text ?? "",
      raw: line,
    }
    const mark = batchOf(read)
    const [first] = this.#batch
    const open = first === undefined ? undefined : batchOf(first)
    const continues = mark !== undefined && open !== undefined && mark[0] === this.#batch.length && mark[1] === open[1]
    if (first !== undefined && !continues) {
      // The batch was broken off and something else follows: its lines can never become facts.
      for (const part of this.#batch) done.push({ ...part, content: { error: incomplete_batch } })
      this.#batch = []
      // They are records now, whatever becomes of the line that broke in.
      this.#settled(offset)
      this.#pending = 1
    }
    if (mark === undefined) {
      done.push(read)
      this.#settled(after)
      return
    }
    if (!continues && mark[0] !== 0) {
      done.push({ ...read, content: { error: incomplete_batch } })
      this.#settled(after)
      return
    }
    this.#batch.push(read)
    if (this.#batch.length < mark[1]) return
    done.push(...this.#batch)
    this.#batch = []
    this.#settled(after)
  }
}
