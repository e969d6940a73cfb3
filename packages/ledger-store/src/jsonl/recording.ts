/**
 * New records on their way: into the file, to stable storage, and under their seal.
 *
 * @module
 */
import { atOnce, type FileError, hasSucceeded, type OpenFile } from "@waybill/host"
import type { NewRecord, StoreError } from "@waybill/ledger"
import { Effect, Fiber } from "effect"
import { sumLines, type Sums } from "./Chain.ts"
import type { History } from "./History.ts"
import type { Writing } from "./LedgerFile.ts"
import { pack, type Packed } from "./pack.ts"
import type { Scanner } from "./Scanner.ts"
import { writeRows } from "./Seals.ts"

/** The seal of the file that is appended to, open. */
export interface ActiveSeal {
  /** The position of the file's first record. */
  readonly first: number
  readonly file: OpenFile
}

export interface Recording {
  readonly scanner: Scanner
  /** Seals what is durable and not sealed yet. */
  readonly seal: (opened: Writing) => Effect.Effect<void, FileError | StoreError>
  readonly sealFile: () => ActiveSeal | undefined
  readonly closeSeal: Effect.Effect<void>
  /** Goes back to `end`, the last good record's, where writing fails. */
  readonly orPoison: (
    opened: Writing,
    end?: number,
  ) => <A>(run: Effect.Effect<A, FileError | StoreError>) => Effect.Effect<A, StoreError>
  /** Called once all records are durable, and known to the scanner. */
  readonly onDurable: () => void
}

interface Written {
  readonly records: ReadonlyArray<NewRecord>
  readonly packed: Packed
  /** The offset at which they begin. */
  readonly end: number
  /** What their bytes come to, where they go right behind what is sealed. */
  readonly sum: () => Sums | undefined
}

export const makeRecording = ({ closeSeal, onDurable, orPoison, seal, sealFile, scanner }: Recording) => {
  const { hiding } = scanner

  /**
   * Seals what is durable now, so that what is answered is sealed. Where that fails, the records are there all the same: the
   * next append seals them before it writes, and fails if it cannot.
   */
  const sealOwn = (opened: Writing, sums: Sums | undefined): Effect.Effect<void> => {
    const { active } = scanner.history
    const seals = sealFile()
    if (sums === undefined || active === undefined || seals === undefined)
      return Effect.catch(seal(opened), () => closeSeal)
    const from = active.complete(sums)
    const done = () => {
      active.link = sums.link
      active.sealed = active.count
    }
    const written = atOnce(writeRows(seals.file, active.rows, from, active.rows.count, active.sealed))
    if (!hasSucceeded(written))
      return Effect.matchEffect(written, { onSuccess: () => Effect.sync(done), onFailure: () => closeSeal })
    done()
    return Effect.void
  }

  const taken = (opened: Writing, { packed, records }: Written, sums: Sums | undefined): Effect.Effect<void> => {
    scanner.take(records, packed)
    onDurable()
    return sealOwn(opened, sums)
  }

  /** What is left where the write, or the flush, takes waiting or has failed. */
  const finish = Effect.fnUntraced(function* (
    opened: Writing,
    written: Written,
    write: Effect.Effect<void, FileError>,
    flush: Effect.Effect<void, FileError>,
  ) {
    yield* write.pipe(orPoison(opened, written.end))
    // What the bytes come to is worked out while they are flushed.
    const flushing = yield* Effect.forkChild(flush, { startImmediately: true })
    const sums = written.sum()
    yield* Fiber.join(flushing).pipe(orPoison(opened, written.end))
    yield* taken(opened, written, sums)
  })

  /** Whether the active file's next rows go right behind its last ones. */
  const continues = ({ active, reader }: History) =>
    active !== undefined &&
    active.sealed > 0 &&
    !active.isSealDamaged &&
    active.link.end === reader.end &&
    sealFile()?.first === active.first

  const writeSealed = (opened: Writing, records: ReadonlyArray<NewRecord>): Effect.Effect<void, StoreError> => {
    const { history } = scanner
    const { end } = history.reader
    const packed = pack(records)
    const { link } = history.active ?? {}
    const isNext = link !== undefined && continues(history)
    const sum = () => (isNext ? sumLines(packed.bytes, packed.lengths, link) : undefined)
    const written = { records, packed, end, sum }
    const { file } = opened
    const write = atOnce(file.write(packed.bytes, end))
    if (!hasSucceeded(write)) return hiding.hideNow(finish(opened, written, write, file.flush))
    const flush = atOnce(file.flush)
    if (!hasSucceeded(flush)) return hiding.hideNow(finish(opened, written, write, flush))
    return taken(opened, written, sum())
  }

  /** Writes records behind the last one, and answers once they are durable. */
  return (opened: Writing, records: ReadonlyArray<NewRecord>): Effect.Effect<void, StoreError> =>
    // A write that is given up halfway would go on behind the lock's back.
    Effect.uninterruptible(
      Effect.suspend(() => {
        const { isSealed } = scanner.history
        if (isSealed && !hiding.isReading()) return writeSealed(opened, records)
        const sealed = isSealed ? Effect.void : seal(opened).pipe(orPoison(opened))
        return hiding.hideWhile(Effect.flatMap(sealed, () => writeSealed(opened, records)))
      }),
    )
}
