/**
 * Reading records: rows from the seals or from memory, bytes from the files, and both held against each other.
 *
 * @module
 */
import { type Directory, type FileError, type OpenFile } from "@waybill/host"
import { type RecordedEvent, type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Data, Effect, Fiber } from "effect"
import { type ArchiveDamaged, type Archives } from "./Archives.ts"
import { brokenRows } from "./Chain.ts"
import { cut, cutEvent, type CutPlace, SealedEvent } from "./Envelope.ts"
import type { History } from "./History.ts"
import { readLine } from "./LineReader.ts"
import { readExactly } from "./readExactly.ts"
import { Room } from "./Room.ts"
import { Flag, Rows } from "./Rows.ts"
import { readRows } from "./Seals.ts"
import type { Segment } from "./Segment.ts"

const page_rows_max = 16_384
const page_bytes_max = 8_388_608
const block_rows = 512
const cached_blocks_max = 32

/** A row of the record table is not what was sealed. The file's rows are then made anew from its lines. */
export class SealBroken extends Data.TaggedError("SealBroken")<{
  readonly segment: Segment
  readonly record: number
}> {}

/** A record that was read before and is not sealed has changed since. */
export class RecordChanged extends Data.TaggedError("RecordChanged")<{
  readonly position: number
  readonly reason: string
}> {
  override get message(): string {
    return `the record at position ${this.position} has changed: ${this.reason}`
  }
}

export const hasRecordChanged = (error: StoreError): boolean =>
  error instanceof StoreUnavailable && error.cause instanceof RecordChanged

export type ReadFailure = FileError | SealBroken | RecordChanged

/** Where the bytes of the files come from. */
export interface Place {
  readonly directory: Directory
  /** The file that is appended to; `undefined` where there is none. */
  readonly file: OpenFile | undefined
}

/** How an event is made from a sealed record: as plain data, or with a payload that is decoded on use. */
export type Making = "plain" | "lazy"

export const changed = "its bytes have changed since they were sealed"

/** Some records next to each other, with their bytes. */
interface Run extends CutPlace {
  /** Which of the rows is the first that was asked for. */
  readonly at: number
  readonly broken: ReadonlyMap<number, string>
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

/** Records that are read before they are asked for, since whoever reads on upwards will ask for them. */
interface Ahead {
  readonly segment: Segment
  readonly from: number
  readonly reading: Fiber.Fiber<Read, ReadFailure>
}

/** Rows and their bytes as they were read, not checked against each other yet. */
interface Read {
  readonly rows: Rows
  readonly bytes: Uint8Array
  readonly broken: Map<number, string>
}

/** From so many records on it pays to read ahead. */
const ahead_records_min = 2048

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
  const room = new Room()
  const take = (bytes: number) => room.take(bytes)
  let ahead: Ahead | undefined

  const sealedRows = (place: Place, segment: Segment, from: number, to: number) =>
    Effect.gen(function* () {
      const rows = yield* readRows(place.directory, segment.first, from, to)
      if (rows.count === to - from && rows.areSound(0, rows.count)) return rows
      let record = 0
      while (record < rows.count && rows.areSound(record, record + 1)) record++
      return yield* new SealBroken({ segment, record: from + record })
    })

  const rows: Records["rows"] = (place, segment, from, to) =>
    Effect.gen(function* () {
      const { base } = segment
      if (from >= base) return new Rows(segment.rows.slice(from - base, to - base))
      const old = yield* sealedRows(place, segment, from, Math.min(to, base))
      if (to <= base) return old
      return new Rows(Buffer.concat([old.slice(0, old.count), segment.rows.slice(0, to - base)]))
    })

  const block = (place: Place, segment: Segment, number: number) =>
    Effect.gen(function* () {
      const key = `${segment.first} ${number}`
      const known = blocks.get(key)
      if (known !== undefined) {
        blocks.delete(key)
        blocks.set(key, known)
        return known
      }
      const read = yield* sealedRows(
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

  const bytes: Records["bytes"] = (place, segment, offset, length, take) =>
    !segment.isActive
      ? archives.read(place.directory, segment, offset, length, take)
      : place.file === undefined
        ? Effect.succeed(new Uint8Array())
        : readExactly(place.file, offset, length, take)

  /** What an archive that cannot be read in one go still gives, record by record. */
  const piecemeal = (
    place: Place,
    segment: Segment,
    table: Rows,
    from: number,
    start: number,
    broken: Map<number, string>,
  ) =>
    Effect.gen(function* () {
      const block = Buffer.alloc(table.end(table.count - 1) - start)
      const at = from === 0 ? 0 : 1
      for (let i = at; i < table.count; i++) {
        const offset = i === 0 ? start : table.end(i - 1)
        const part = yield* Effect.catchTag(
          bytes(place, segment, offset, table.end(i) - offset),
          "ArchiveDamaged",
          (damage) =>
            Effect.sync(() => {
              const position = segment.first + from + i - at
              const { file, reason } = damage
              history().note({ file, error: reason, positions: [position, position] })
              broken.set(i, damage.message)
              return new Uint8Array()
            }),
        )
        block.set(part, offset - start)
      }
      return block
    })

  const read = (
    place: Place,
    segment: Segment,
    from: number,
    wanted: number,
    bytes_max = page_bytes_max,
  ): Effect.Effect<Read, ReadFailure> =>
    Effect.gen(function* () {
      const at = from === 0 ? 0 : 1
      let table = yield* rows(place, segment, from - at, wanted)
      const start = at === 0 ? 0 : table.end(0)
      let to = table.count
      while (to - at > 1 && table.end(to - 1) - start > bytes_max) to = at + Math.max(1, (to - at) >> 1)
      if (to < table.count) table = new Rows(table.slice(0, to))
      const broken = new Map<number, string>()
      const length = table.end(to - 1) - start
      const whole = yield* Effect.catchTag(bytes(place, segment, start, length, take), "ArchiveDamaged", () =>
        piecemeal(place, segment, table, from, start, broken),
      )
      return { rows: table, bytes: whole, broken }
    })

  /** What was read ahead, if it is what is asked for now; what goes wrong there goes wrong again, and is told then. */
  const readOrTake = (place: Place, segment: Segment, from: number, wanted: number, bytes_max?: number) =>
    Effect.suspend(() => {
      const direct = read(place, segment, from, wanted, bytes_max)
      // Whoever takes little at a time is not who it was read ahead for.
      if (bytes_max !== undefined) return direct
      const expected = ahead
      ahead = undefined
      if (expected === undefined || expected.segment !== segment || expected.from !== from) return direct
      return Effect.catchCause(Fiber.join(expected.reading), () => direct)
    })

  const run = (
    place: Place,
    segment: Segment,
    from: number,
    wanted: number,
    bytes_max?: number,
  ): Effect.Effect<Run, ReadFailure> =>
    Effect.gen(function* () {
      const at = from === 0 ? 0 : 1
      const { bytes: whole, broken, rows: table } = yield* readOrTake(place, segment, from, wanted, bytes_max)
      const start = at === 0 ? 0 : table.end(0)
      const block = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
      const sealed = segment.isSealDamaged ? at : Math.min(table.count, Math.max(at, segment.sealed - (from - at)))
      const before = { crc: at === 0 ? 0 : table.crc(0), end: start }
      for (const i of brokenRows(table, at, sealed, block, before)) if (!broken.has(i)) broken.set(i, changed)
      return { rows: table, at, block, start, broken, isReleased: false }
    })

  /** Begins to read as many records again, if they are sealed: then nothing can come in between. */
  const readAhead = (place: Place, segment: Segment, from: number, count: number) => {
    const to = Math.min(segment.base, from + count)
    if (count < ahead_records_min || to <= from || segment.isSealDamaged) return Effect.void
    return Effect.map(Effect.forkDetach(read(place, segment, from, to), { startImmediately: true }), (reading) => {
      ahead = { segment, from, reading }
    })
  }

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
      room.give(block)
    }
    // Plain events hold none of the bytes.
    if (making === "plain") release()
    return { events, looked: table.count - at, bytes: block.byteLength, release }
  }

  return {
    rows,
    row,
    bytes,
    take: (place, segment, from, to, making, bytes_max) =>
      Effect.gen(function* () {
        const made = yield* run(place, segment, from, Math.min(to, from + page_rows_max, segment.count), bytes_max)
        const looked = made.rows.count - made.at
        if (looked === to - from && bytes_max === undefined) yield* readAhead(place, segment, from + looked, looked)
        const taken = make(segment, from, made, making)
        return taken instanceof RecordChanged ? yield* taken : taken
      }),
    forget: () => {
      blocks.clear()
      ahead = undefined
    },
  }
}
