/**
 * Pieces of a file: rows from the seals or from memory, and the bytes they tell of, read from the files; also before they are
 * asked for.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Data, Effect, Fiber } from "effect"
import type { ArchiveDamaged, Archives } from "./Archives.ts"
import type { History } from "./History.ts"
import { readExactly } from "./readExactly.ts"
import { Room } from "./Room.ts"
import { Rows } from "./Rows.ts"
import { readRows } from "./Seals.ts"
import type { Segment } from "./Segment.ts"

const page_bytes_max = 8_388_608

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

/** Records that are read before they are asked for, since whoever reads on upwards will ask for them. */
interface Ahead {
  readonly segment: Segment
  readonly from: number
  readonly reading: Fiber.Fiber<Piece, ReadFailure>
}

/** Rows and their bytes as they were read, not checked against each other yet. */
export interface Piece {
  readonly rows: Rows
  readonly bytes: Uint8Array
  readonly broken: Map<number, string>
  /** The rows of the records behind them, where those were read along: then their bytes need not wait for them. */
  readonly next?: NextRows | undefined
}

/** Rows that lead on from a record, with the one before it. */
export interface NextRows {
  readonly from: number
  readonly rows: Rows
}

/** From so many records on it pays to read ahead. */
const ahead_records_min = 2048

/** Where the pieces come from. */
export interface Pieces {
  readonly sealedRows: (
    place: Place,
    segment: Segment,
    from: number,
    to: number,
  ) => Effect.Effect<Rows, FileError | SealBroken>
  /** The rows of the records `from` up to `to` of a file. */
  readonly rows: (
    place: Place,
    segment: Segment,
    from: number,
    to: number,
  ) => Effect.Effect<Rows, FileError | SealBroken>
  /** The bytes of a part of a file. */
  readonly bytes: (
    place: Place,
    segment: Segment,
    offset: number,
    bytes: number,
    /** Where to; new memory otherwise. */
    take?: (bytes: number) => Buffer,
  ) => Effect.Effect<Uint8Array, FileError | ArchiveDamaged>
  /** The records `from` up to `wanted`, with the one before them; of those that take more than `bytes_max`, the first ones. */
  readonly read: (
    place: Place,
    segment: Segment,
    from: number,
    wanted: number,
    bytes_max?: number,
  ) => Effect.Effect<Piece, ReadFailure>
  /** Begins to read `count` records from `from` on, if they are sealed: then nothing can come in between. */
  readonly readAhead: (
    place: Place,
    segment: Segment,
    from: number,
    count: number,
    known: NextRows | undefined,
  ) => Effect.Effect<void>
  /** Nobody looks at a piece any more: what it was read into is used again. */
  readonly giveBack: (rows: Rows, bytes: Uint8Array) => void
  /** Forgets what was read ahead. */
  readonly forget: () => void
}

export const makePieces = (archives: Archives, history: () => History): Pieces => {
  const room = new Room()
  const take = (bytes: number) => room.take(bytes)
  const rowRoom = new Room()
  const takeRows = (bytes: number) => rowRoom.take(bytes)
  let ahead: Ahead | undefined

  const sealedRows = (place: Place, segment: Segment, from: number, to: number, take?: (bytes: number) => Buffer) =>
    Effect.gen(function* () {
      const rows = yield* readRows(place.directory, segment.first, from, to, take)
      if (rows.count === to - from && rows.areSound(0, rows.count)) return rows
      let record = 0
      while (record < rows.count && rows.areSound(record, record + 1)) record++
      return yield* new SealBroken({ segment, record: from + record })
    })

  const rowsInto = (
    place: Place,
    segment: Segment,
    from: number,
    to: number,
    take?: (bytes: number) => Buffer,
  ): Effect.Effect<Rows, FileError | SealBroken> =>
    Effect.gen(function* () {
      const { base } = segment
      if (from >= base) return new Rows(segment.rows.slice(from - base, to - base))
      const old = yield* sealedRows(place, segment, from, Math.min(to, base), take)
      if (to <= base) return old
      return new Rows(Buffer.concat([old.slice(0, old.count), segment.rows.slice(0, to - base)]))
    })

  const bytes: Pieces["bytes"] = (place, segment, offset, length, take) =>
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

  const readBytes = (place: Place, segment: Segment, from: number, table: Rows): Effect.Effect<Piece, ReadFailure> => {
    const start = from === 0 ? 0 : table.end(0)
    const broken = new Map<number, string>()
    const length = table.end(table.count - 1) - start
    return Effect.catchTag(bytes(place, segment, start, length, take), "ArchiveDamaged", () =>
      piecemeal(place, segment, table, from, start, broken),
    ).pipe(Effect.map((whole) => ({ rows: table, bytes: whole, broken })))
  }

  /** The first ones of some rows: as many as `bytes_max` holds. */
  const within = (table: Rows, from: number, bytes_max = page_bytes_max): Rows => {
    const at = from === 0 ? 0 : 1
    const start = at === 0 ? 0 : table.end(0)
    let to = table.count
    while (to - at > 1 && table.end(to - 1) - start > bytes_max) to = at + Math.max(1, (to - at) >> 1)
    return to < table.count ? table.first(to) : table
  }

  const readNow = (place: Place, segment: Segment, from: number, wanted: number, bytes_max?: number) =>
    Effect.flatMap(rowsInto(place, segment, Math.max(0, from - 1), wanted, takeRows), (table) =>
      readBytes(place, segment, from, within(table, from, bytes_max)),
    )

  /** What was read ahead, if it is what is asked for now; what goes wrong there goes wrong again, and is told then. */
  const read: Pieces["read"] = (place, segment, from, wanted, bytes_max) =>
    Effect.suspend(() => {
      const direct = readNow(place, segment, from, wanted, bytes_max)
      // Whoever takes little at a time is not who it was read ahead for.
      if (bytes_max !== undefined) return direct
      const expected = ahead
      ahead = undefined
      if (expected === undefined || expected.segment !== segment || expected.from !== from) return direct
      return Effect.catchCause(Fiber.join(expected.reading), () => direct)
    })

  /** The rows behind what is read ahead. A failure is not told here: whoever needs them asks again. */
  const rowsBehind = (place: Place, segment: Segment, from: number, to: number) =>
    to <= from
      ? Effect.succeed(undefined)
      : rowsInto(place, segment, from - 1, to, takeRows).pipe(
          Effect.map((found): NextRows => ({ from, rows: found })),
          Effect.catch(() => Effect.succeed(undefined)),
        )

  /**
   * Begins to read as many records again, if they are sealed: then nothing can come in between. The rows of those behind them
   * are read at the same time, so that by the next turn bytes can be read at once, while somebody folds on this thread.
   */
  const readAhead: Pieces["readAhead"] = (place, segment, from, count, known) => {
    const to = Math.min(segment.base, from + count)
    if (count < ahead_records_min || to <= from || segment.isSealDamaged) return Effect.void
    const table =
      known !== undefined && known.from === from && known.rows.count === to - from + 1
        ? Effect.succeed(known.rows)
        : rowsInto(place, segment, from - 1, to, takeRows)
    const both = Effect.flatMap(table, (found) =>
      Effect.zipWith(
        rowsBehind(place, segment, to, Math.min(segment.base, to + count)),
        readBytes(place, segment, from, within(found, from)),
        (next, done): Piece => ({ ...done, next }),
        { concurrent: true },
      ),
    )
    return Effect.map(Effect.forkDetach(both, { startImmediately: true }), (reading) => {
      ahead = { segment, from, reading }
    })
  }

  return {
    sealedRows,
    rows: rowsInto,
    bytes,
    read,
    readAhead,
    giveBack: (rows, bytes) => {
      room.give(bytes)
      rowRoom.give(rows.slice(0, 0))
    },
    forget: () => {
      ahead = undefined
    },
  }
}
