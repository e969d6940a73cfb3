/**
 * Appending under the lock: mending what a crash left, sealing what is durable, rotating, writing and flushing.
 *
 * @module
 */
import { type Directory, FileError, type OpenFile } from "@waybill/host"
import {
  type NewRecord,
  type StoreError,
  StoreFull,
  StorePoisoned,
  StoreRefused,
  StoreUnavailable,
} from "@waybill/ledger"
import { Effect, Exit, Scope } from "effect"
import { acknowledge } from "./acknowledged.ts"
import type { Finding } from "./History.ts"
import { indexOf, saveIndex } from "./IndexFile.ts"
import { archiveName, ledger_name, sealName, seals_name } from "./Layout.ts"
import type { LedgerFile, Sight, Writing } from "./LedgerFile.ts"
import { mend } from "./mend.ts"
import { readExactly } from "./readExactly.ts"
import type { Scanner } from "./Scanner.ts"
import type { SealHeader } from "./SealHeader.ts"
import { makeRecording } from "./recording.ts"
import { openSeal } from "./Seals.ts"
import { sealAll } from "./sealing.ts"
import { oddity } from "./unlessOdd.ts"

/** The index is saved again once so many records are new, and half as many as there are jobs: so it costs each record little. */
const index_records_min = 4096
const index_records_per_job = 0.5

const isFileError = (error: unknown): error is FileError => error instanceof FileError

export interface Appending {
  /** Brings the file into a state that can be appended to. */
  readonly prepare: (opened: Writing, although?: "whatever is wrong") => Effect.Effect<void, StoreError>
  /** Makes an archive of a file that is not what was sealed, as it is. Answers the new one. */
  readonly layAside: (opened: Writing) => Effect.Effect<Writing, StoreError>
  readonly append: (
    opened: Writing,
    batches: ReadonlyArray<ReadonlyArray<NewRecord>>,
  ) => Effect.Effect<void, StoreError>
  /** Seals what is durable and not sealed yet, such as the lines of another implementation, and saves the index if that is due. */
  readonly keepUp: (opened: Writing) => Effect.Effect<void, StoreError>
  /** Gives the file that is appended to the name of an archive, and begins a new one. */
  readonly rotate: (opened: Writing) => Effect.Effect<void, StoreError>
  /** Tells that the lock is held, and what was seen under it; or that it is held no more. */
  readonly hold: (sight: Sight | undefined) => void
  /** Closes the seal that is written. */
  readonly close: Effect.Effect<void>
}

export interface AppendingOptions {
  readonly rotate_bytes: number
  /** Run after each rotation, under the lock. */
  readonly onRotated: Effect.Effect<void>
}

interface SealFile {
  readonly first: number
  readonly seals: Directory
  readonly file: OpenFile
  readonly scope: Scope.Closeable
}

export const makeAppending = (
  ledgerFile: LedgerFile,
  scanner: Scanner,
  { onRotated, rotate_bytes }: AppendingOptions,
): Appending => {
  const { where } = ledgerFile
  let sealFile: SealFile | undefined
  /** How much of the file we know to be on stable storage; `rewrite`: a flush failed, and what lies there is not. */
  let durable = { end: 0, first: 0, generation: -1, rewrite: false }

  const refuse = (reason: string) => new StoreRefused({ where, reason })
  const poisoned = (cause: FileError) => {
    const odd = oddity(cause)
    if (odd !== undefined)
      return refuse(
        `${cause.path} ${odd}: nothing can be written while it is so: move it away, or make it what it should be`,
      )
    return cause.code === "ENOSPC" || cause.code === "EDQUOT"
      ? new StoreFull({ where })
      : new StorePoisoned({ where, cause })
  }

  const closeSeal = Effect.suspend(() => {
    const scope = sealFile?.scope
    sealFile = undefined
    return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  })

  /** The seal of the file that is appended to. */
  const activeSeal =
    (directory: Directory) =>
    (header: SealHeader): Effect.Effect<OpenFile, FileError> =>
      Effect.gen(function* () {
        if (sealFile?.first === header.first) return sealFile.file
        yield* closeSeal
        const scope = yield* Scope.make()
        const sealed = scanner.history.active?.sealed ?? 0
        const opened = yield* Effect.gen(function* () {
          const seals = yield* directory.openDirectory(seals_name, { create: true })
          return { seals, file: yield* openSeal(seals, header, sealed) }
        }).pipe(
          Scope.provide(scope),
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
        )
        sealFile = { ...opened, first: header.first, scope }
        return opened.file
      })

  /** Makes every row of the active file durable, whoever has written it. */
  const flushSeal = ({ directory }: Pick<Writing, "directory">, first: number): Effect.Effect<void, FileError> =>
    Effect.scoped(
      Effect.gen(function* () {
        if (sealFile?.first === first) {
          yield* sealFile.file.flush
          return yield* sealFile.seals.flush
        }
        const seals = yield* directory.openDirectory(seals_name)
        yield* (yield* seals.openFile(sealName(first), { access: "write" })).flush
        yield* seals.flush
      }),
    )

  /**
   * After a failed write or flush, still under the lock: back to the last good record. If not even that can be done, what is
   * left is a torn tail, or whole lines that nobody acknowledged; the next commit reads the file anew and settles it.
   */
  const retreat = ({ file }: Writing, end: number | undefined) =>
    Effect.gen(function* () {
      durable = { ...durable, rewrite: true }
      if (end !== undefined) yield* Effect.ignore(Effect.andThen(file.truncate(end), file.flush))
      yield* closeSeal
      yield* ledgerFile.close("writing")
    })

  const orPoison =
    (opened: Writing, end?: number) =>
    <A>(run: Effect.Effect<A, FileError | StoreError>): Effect.Effect<A, StoreError> =>
      Effect.catchIf(run, isFileError, (cause) => Effect.andThen(retreat(opened, end), Effect.fail(poisoned(cause))))

  const isSettled = () => {
    const { active, generation, reader } = scanner.history
    const isSame = durable.generation === generation && durable.first === (active?.first ?? 0)
    return !durable.rewrite && isSame && durable.end === reader.end
  }

  /**
   * Whatever a commit rests on is durable before it is answered: also the lines of a process that died before its flush, and
   * our own that a failed flush left behind. The system may hold those for clean, so they are written again.
   */
  const settle: (opened: Writing) => Effect.Effect<void, FileError> = Effect.fnUntraced(function* ({ file }: Writing) {
    if (isSettled()) return
    const { generation, reader } = scanner.history
    const first = scanner.history.active?.first ?? 0
    const { end } = reader
    const isSame = durable.generation === generation && durable.first === first
    // Rows are written once their records are durable, whoever wrote them.
    const isSealed = scanner.history.isSealed && scanner.history.active?.link.end === end
    if (!durable.rewrite && isSealed) {
      durable = { end, first, generation, rewrite: false }
      return
    }
    const from = isSame ? Math.min(durable.end, end) : 0
    if (durable.rewrite) yield* file.write(yield* readExactly(file, from, end - from), from)
    yield* file.flush
    durable = { end, first, generation, rewrite: false }
  })

  const isBlocking = ({ blocks, isAcknowledged }: Finding) => blocks === true && isAcknowledged !== true

  const prepareClosely: Appending["prepare"] = Effect.fnUntraced(
    function* (opened: Writing, although?: "whatever is wrong") {
      yield* scanner.scanAll
      if (scanner.history.damage.some(isBlocking)) yield* acknowledge(scanner)
      const { history } = scanner
      const blocking = history.damage.find(isBlocking)
      if (blocking !== undefined && although === undefined)
        return yield* refuse(`${blocking.file}: ${blocking.error}; nothing is appended before it is repaired`)
      // Whoever has appended since has sealed it too.
      const { active } = history
      if (active !== undefined && active.sealed < active.count)
        yield* scanner.adopt(opened, sealFile?.first === active.first ? sealFile.file : undefined)
      if (scanner.seen_bytes !== history.reader.end) {
        if (yield* mend(opened.directory, opened.file, history.reader.end)) scanner.forgetPending()
        yield* scanner.scanAll
      }
      yield* settle(opened)
    },
    (run, opened) => orPoison(opened)(run),
  )

  // Mostly there is nothing to bring about: the file is as this process has left it.
  const prepare: Appending["prepare"] = (opened, although) =>
    Effect.suspend(() =>
      scanner.isUpToDate() && isSettled() && !scanner.history.damage.some(isBlocking)
        ? Effect.void
        : prepareClosely(opened, although),
    )

  const seal = (opened: Writing) =>
    Effect.suspend(() => {
      const { history, records } = scanner
      return history.isSealed ? Effect.void : sealAll({ place: opened, history, records }, activeSeal(opened.directory))
    }).pipe(Effect.catchTag("ArchiveDamaged", (damage) => Effect.fail(new StoreUnavailable({ where, cause: damage }))))

  const keepIndex = ({ directory }: Writing) =>
    Effect.gen(function* () {
      const { history } = scanner
      const { active } = history
      if (!isIndexDue() || active === undefined || active.sealed === 0) return
      yield* flushSeal({ directory }, active.first)
      yield* saveIndex(directory, indexOf(history, active.link.sha))
      history.saved = history.head
    })

  /** Gives the file that is appended to the name of an archive; nothing that bears it already is ever replaced. */
  const becomeArchive = ({ directory }: Writing, name: string) =>
    Effect.gen(function* () {
      for (const each of [name, `${name}.gz`])
        if ((yield* directory.find(each)) !== undefined)
          return yield* refuse(
            `${each} is in the way of making an archive of ${ledger_name}: move it out of the folder`,
          )
      yield* directory.rename(ledger_name, name)
    })

  const turn = (opened: Writing) =>
    Effect.gen(function* () {
      const { active } = scanner.history
      if (active === undefined) return
      // An archive's rows are all there: who reads it never needs to count its lines.
      yield* flushSeal(opened, active.first)
      // Durable together with the name of the file that is made next.
      yield* becomeArchive(opened, archiveName(active.first))
      yield* closeSeal
      yield* ledgerFile.close("file")
      yield* scanner.rotated
      yield* onRotated
    })

  const write = makeRecording({
    scanner,
    seal,
    closeSeal,
    orPoison,
    sealFile: () => sealFile,
    onDurable: () => {
      durable = { ...durable, end: scanner.history.reader.end }
    },
  })

  /** Replay would take a record for a copy of another that bears the same id. Ids that tell their own position are their own. */
  const refuseCopies = (records: ReadonlyArray<NewRecord>) =>
    Effect.gen(function* () {
      const ids = new Set<string>()
      for (const { event } of records) {
        if (ids.has(event.event_id) || (yield* scanner.holds(event.event_id, event.position)))
          return yield* refuse(`the event id ${event.event_id} is taken by an earlier line`)
        ids.add(event.event_id)
      }
    })

  const rotate: Appending["rotate"] = (opened) =>
    Effect.andThen(seal(opened), turn(opened)).pipe(orPoison(opened), Effect.uninterruptible)

  const layAside: Appending["layAside"] = (opened) =>
    Effect.gen(function* () {
      const { active } = scanner.history
      if (active === undefined) return opened
      // Durable together with the name of the file that is made next.
      yield* becomeArchive(opened, archiveName(active.first))
      yield* closeSeal
      yield* ledgerFile.close("file")
      yield* scanner.forgetAll
      const next = yield* ledgerFile.writing
      yield* scanner.scanAll
      return next
    }).pipe(orPoison(opened), Effect.uninterruptible)

  const keepUp: Appending["keepUp"] = (opened) =>
    Effect.andThen(seal(opened), keepIndex(opened)).pipe(orPoison(opened), Effect.uninterruptible)

  const isFullFor = (bytes: number) => {
    const { active, reader } = scanner.history
    return active !== undefined && active.count > 0 && reader.end + bytes > rotate_bytes
  }
  const isIndexDue = () => {
    const { head, jobs, saved } = scanner.history
    return head - saved >= index_records_min && head - saved >= jobs.size * index_records_per_job
  }

  const makeRoom = Effect.fnUntraced(function* (opened: Writing, bytes: number) {
    yield* keepUp(opened)
    if (!isFullFor(bytes)) return opened
    yield* turn(opened).pipe(orPoison(opened), Effect.uninterruptible)
    const next = yield* ledgerFile.writing
    yield* scanner.scanAll
    yield* settle(next).pipe(orPoison(next))
    return next
  })

  return {
    prepare,
    layAside,
    keepUp,
    rotate,
    hold: scanner.hold,
    close: closeSeal,
    append: (opened, batches) =>
      Effect.suspend(() => {
        const records = batches.flat()
        let position = scanner.history.head
        let bytes = 0
        let isStrange = false
        for (const { event, line } of records) {
          if (event.position !== ++position)
            return Effect.fail(refuse(`somebody changed it under the lock: ${event.event_id} would be at ${position}`))
          isStrange ||= scanner.isSuspect(event.event_id, position)
          bytes += line.length
        }
        if (!isStrange && !isFullFor(bytes) && !isIndexDue()) return write(opened, records)
        return Effect.gen(function* () {
          if (isStrange) yield* refuseCopies(records)
          yield* write(isFullFor(bytes) || isIndexDue() ? yield* makeRoom(opened, bytes) : opened, records)
        })
      }),
  }
}
