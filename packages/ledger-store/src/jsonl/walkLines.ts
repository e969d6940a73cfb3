/**
 * Walking lines that no seal covers: how many records they are, and whether each can be read.
 *
 * @module
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { nextSha } from "./Chain.ts"
import { type Line, LineReader } from "./LineReader.ts"

const read_bytes = 1_048_576

export interface WalkLinesOptions<E> {
  readonly read: (offset: number, bytes: number) => Effect.Effect<Uint8Array, E>
  /** How long the file is. */
  readonly bytes: number
  /** Where its last sealed record ends, and where to read from: the batch that one belongs to is read as a whole. */
  readonly end: number
  readonly from: number
  /** How many of its records are sealed, and how many it can hold before the next file's positions begin. */
  readonly record: number
  readonly most: number
  /** The position of its first record. */
  readonly first: number
  /** Whether nothing is appended to it any more, so that its last line need not end. */
  readonly isClosed: boolean
  /** Told of each line that is no event. */
  readonly note: (position: number, offset: number, error: string, bytes: Uint8Array) => void
}

/** Lines that no seal covers. */
export interface WalkedLines {
  /** The file offset up to which everything is a record, or blank. */
  readonly end: number
  /** Where each record ends. */
  readonly ends: ReadonlyArray<number>
}

/** Where a record ends, its newline included if it has one. */
const endOf = ({ bytes, offset }: Line, total: number): number => Math.min(total, offset + bytes + 1)

export const walkLines = <E>({
  bytes,
  end,
  first,
  from,
  isClosed,
  most,
  note,
  read,
  record,
}: WalkLinesOptions<E>): Effect.Effect<WalkedLines, E> =>
  Effect.gen(function* () {
    const reader = new LineReader(from)
    let position = first + record
    const ends: Array<number> = []
    for (;;) {
      const chunk = yield* read(reader.next, Math.min(read_bytes, Math.max(0, bytes - reader.next)))
      const lines = chunk.byteLength === 0 ? (isClosed ? reader.finish() : []) : reader.push(chunk)
      for (const line of lines) {
        if (line.offset < end || position >= first + most) continue
        if ("error" in line.content) note(position, line.offset, line.content.error, line.raw)
        position++
        ends.push(endOf(line, bytes))
      }
      if (chunk.byteLength === 0) break
    }
    return { end: Math.max(end, reader.end), ends }
  })

/** What the chain comes to behind each of some records that end there. Answers the digest of all their bytes. */
export const chainOver = <E>(
  read: WalkLinesOptions<E>["read"],
  start: number,
  ends: ReadonlyArray<number>,
  before: Uint8Array,
  link: (sha: Uint8Array) => void,
): Effect.Effect<string, E> =>
  Effect.gen(function* () {
    const all = createHash("sha256")
    let sha = before
    let from = start
    for (let i = 0; i < ends.length;) {
      let last = i
      while (last + 1 < ends.length && (ends[last + 1] ?? 0) - from <= read_bytes) last++
      const block = yield* read(from, (ends[last] ?? 0) - from)
      all.update(block)
      for (let at = from; i <= last; i++) {
        const end = ends[i] ?? 0
        sha = nextSha(sha, block.subarray(at - from, end - from))
        link(sha)
        at = end
      }
      from = ends[last] ?? 0
    }
    return all.digest("hex")
  })
