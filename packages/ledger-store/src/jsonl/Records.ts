/**
 * Reading records: rows from the seals or from memory, bytes from the files, and both held against each other.
 *
 * @module
 */
import type { FileError } from "@waybill/host"
import type { RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import type { ArchiveDamaged, Archives } from "./Archives.ts"
import { brokenRows } from "./Chain.ts"
import { cut, cutEvent, type CutPlace, SealedEvent } from "./Envelope.ts"
import type { History } from "./History.ts"
import { readLine } from "./LineReader.ts"
import { makePieces, type NextRows, type Place, type ReadFailure, RecordChanged, type SealBroken } from "./Pieces.ts"
import { Flag, Rows } from "./Rows.ts"
import type { Segment } from "./Segment.ts"

const page_rows_max = 16_384
const block_rows = 512
const cached_blocks_max = 32

/** How an event is made from a sealed record: as plain data, or with a payload that is decoded on use. */
export type Making = "plain" | "lazy"

export const changed = "its bytes have changed since they were sealed"

/** Some records next to each other, with their bytes. */
interface Run extends CutPlace {
  /** Which of the rows is the first that was asked for. */
  readonly at: number
  readonly broken: ReadonlyMap<number, string>
  readonly next: NextRows | undefined
}

/** The readable ones of some records, and how many were looked at. */
export interface Taken {
  readonly events: ReadonlyArray<RecordedEvent>
  readonly looked: number
  /** How long the lines are that were looked at. */
  readonly bytes: number
  /** To be called when the events are needed no more, if at all: their bytes are then overwritten. */
  readonly release: () => void
}

export interface Records {
  /** The rows of the records `from` up to `to` of a file. */
  readonly rows: (
    place: Place,
    segment: Segment,
    from: number,
    to: number,
  ) => Effect.Effect<Rows, FileError | SealBroken>
  /** One record's row, by position. */
  readonly row: (place: Place, position: number) => Effect.Effect<Rows | undefined, FileError | SealBroken>
  /** The bytes of a part of a file. */
  readonly bytes: (
    place: Place,
    segment: Segment,
    offset: number,
    bytes: number,
    /** Where to; new memory otherwise. */
    take?: (bytes: number) => Buffer,
  ) => Effect.Effect<Uint8Array, FileError | ArchiveDamaged>
  /** Some records next to each other; of those that take more than `bytes_max` together, the first ones. */
  readonly take: (
    place: Place,
    segment: Segment,
    from: number,
    to: number,
    making: Making,
    bytes_max?: number,
  ) => Effect.Effect<Taken, ReadFailure>
  readonly forget: () => void
}

export const makeRecords = (archives: Archives, history: () => History): Records => {
  const blocks = new Map<string, Rows>()
  const pieces = makePieces(archives, history)

  const block = (place: Place, segment: Segment, number: number) =>
    Effect.gen(function* () {
      const key = `${segment.first} ${number}`
      const known = blocks.get(key)
      if (known !== undefined) {
        blocks.delete(key)
        blocks.set(key, known)
        return known
      }
      const read = yield* pieces.sealedRows(
        place,
        segment,
        number * block_rows,
        Math.min(segment.base, (number + 1) * block_rows),
      )
      if (read.count < block_rows) return read
      for (const oldest of blocks.keys()) if (blocks.size >= cached_blocks_max) blocks.delete(oldest)
      blocks.set(key, read)
      return read
    })

  const row: Records["row"] = (place, position) =>
    Effect.gen(function* () {
      const segment = history().segmentOf(position)
      if (segment === undefined) return undefined
      const record = position - segment.first
      if (record >= segment.base) return new Rows(segment.rows.slice(record - segment.base, record - segment.base + 1))
      const number = Math.floor(record / block_rows)
      const within = record - number * block_rows
      return new Rows((yield* block(place, segment, number)).slice(within, within + 1))
    })

  const run = (
    place: Place,
    segment: Segment,
    from: number,
    wanted: number,
    bytes_max?: number,
  ): Effect.Effect<Run, ReadFailure> =>
    Effect.map(pieces.read(place, segment, from, wanted, bytes_max), ({ broken, bytes: whole, next, rows: table }) => {
      const at = from === 0 ? 0 : 1
      const start = at === 0 ? 0 : table.end(0)
      const block = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
      const sealed = segment.isSealDamaged ? at : Math.min(table.count, Math.max(at, segment.sealed - (from - at)))
      const before = { crc: at === 0 ? 0 : table.crc(0), end: start }
      for (const i of brokenRows(table, at, sealed, block, before)) if (!broken.has(i)) broken.set(i, changed)
      return { rows: table, at, block, start, broken, next, isReleased: false }
    })

  const typeOf = (segment: Segment, { block, rows: table, start }: Run, i: number): string => {
    const record = table.typeAt(i)
    const known = segment.typeNames.get(record)
    if (known !== undefined) return known
    const name = cut(table, i, block, table.offset(i) - start, "event_type")
    segment.learnType(name, record)
    return name
  }

  const jobOf = ({ first }: Segment, { block, rows: table, start }: Run, i: number): string => {
    const { jobNames } = history()
    const number = table.job(i)
    const known = jobNames.get(first, number)
    if (known !== undefined) return known
    const name = cut(table, i, block, table.offset(i) - start, "job_id")
    jobNames.set(first, number, name)
    return name
  }

  const noteBroken = (segment: Segment, record: number, table: Rows, i: number, error: string) => {
    const position = segment.first + record
    const line_number = segment.line + record + 1 + table.blanks(i)
    history().corrupt.set(position, { position, line_number, error, file: segment.name, offset: table.offset(i) })
  }

  const make = (segment: Segment, from: number, made: Run, making: Making) => {
    const { at, block, broken, rows: table, start } = made
    const events: Array<RecordedEvent> = []
    const sealed = segment.isSealDamaged ? 0 : segment.sealed
    const needed = Flag.readable | Flag.cuttable
    for (let i = at; i < table.count; i++) {
      const record = from + i - at
      const position = segment.first + record
      const reason = broken.size === 0 ? undefined : broken.get(i)
      if (reason !== undefined) {
        noteBroken(segment, record, table, i, reason)
        continue
      }
      const flags = table.flags(i)
      if (record < sealed && (flags & needed) === needed) {
        const eventType = typeOf(segment, made, i)
        events.push(
          making === "lazy"
            ? new SealedEvent(position, jobOf(segment, made, i), eventType, made, i)
            : cutEvent(position, eventType, table, i, block, table.offset(i) - start),
        )
        continue
      }
      if ((flags & Flag.readable) === 0) continue
      const offset = table.offset(i) - start
      const content = readLine(block.subarray(offset, offset + table.bytes(i)))
      if ("error" in content) return new RecordChanged({ position, reason: content.error })
      events.push({ ...content, position })
    }
    const release = () => {
      if (made.isReleased) return
      made.isReleased = true
      pieces.giveBack(table, block)
    }
    // Plain events hold none of the bytes.
    if (making === "plain") release()
    return { events, looked: table.count - at, bytes: block.byteLength, release }
  }

  return {
    rows: pieces.rows,
    row,
    bytes: pieces.bytes,
    take: (place, segment, from, to, making, bytes_max) =>
      Effect.gen(function* () {
        const made = yield* run(place, segment, from, Math.min(to, from + page_rows_max, segment.count), bytes_max)
        const looked = made.rows.count - made.at
        if (looked === to - from && bytes_max === undefined)
          yield* pieces.readAhead(place, segment, from + looked, looked, made.next)
        const taken = make(segment, from, made, making)
        return taken instanceof RecordChanged ? yield* taken : taken
      }),
    forget: () => {
      blocks.clear()
      pieces.forget()
    },
  }
}
