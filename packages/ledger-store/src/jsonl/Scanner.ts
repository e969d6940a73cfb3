/**
 * Reading a ledger that grows: each byte that is not sealed is read once on the way to the index.
 *
 * @module
 */
import type { Directory, OpenFile } from "@waybill/host"
import { type NewRecord, type RecordedEvent, type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Effect, Exit, Semaphore } from "effect"
import { type ArchiveDamaged, type ArchiveName, type Archives, makeArchives } from "./Archives.ts"
import { flushOthers, isSealedTo } from "./durably.ts"
import { makeEntering, type ReadPart } from "./entering.ts"
import { type Hiding, makeHiding } from "./hiding.ts"
import { History } from "./History.ts"
import { archiveName, firstOfArchive } from "./Layout.ts"
import { isSameFile, isSameOrNone, type LedgerFile, type Sight } from "./LedgerFile.ts"
import type { LineReader } from "./LineReader.ts"
import { load } from "./opening.ts"
import type { Packed } from "./pack.ts"
import { readExactly } from "./readExactly.ts"
import { adoptSeals } from "./sealing.ts"
import { hasRecordChanged, type Place, type ReadFailure, SealBroken } from "./Pieces.ts"
import { makeRecords, type Records } from "./Records.ts"
import type { Segment } from "./Segment.ts"
import { rows_kept, takeOwn } from "./takeOwn.ts"
import { isStillThere, rememberedFrom, Witness } from "./Witness.ts"

const readings_max = 1024

/** What a scan has read: the readable records above a position, up to what is known now. */
export interface Scanned {
  readonly after: number
  /** The last position that was read. */
  readonly head: number
  readonly events: ReadonlyArray<RecordedEvent>
}

export interface Scanner {
  readonly history: History
  readonly records: Records
  readonly archives: Archives
  /** Learns what is new, and reads about `limit` records of it; lines that are not durable yet are flushed first, or left. */
  readonly scan: (limit: number, unsealed?: "left") => Effect.Effect<Scanned, StoreError>
  readonly scanAll: Effect.Effect<void, StoreError>
  /** Whether a scan would find nothing new in what is held, nothing changed, and nothing that has no rows. */
  readonly isUpToDate: () => boolean
  /** Runs a reading on what is known; where a seal turns out to be damaged, once more without it. */
  readonly reading: <A>(
    run: (place: Place, history: History) => Effect.Effect<A, ReadFailure>,
    /** The answer where there is no ledger. */
    nothing: (history: History) => A,
  ) => Effect.Effect<A, StoreError>
  /** How many bytes the active file had when we looked last. */
  readonly seen_bytes: number
  /** Takes over what others have sealed. */
  readonly adopt: (place: Place, seal?: OpenFile) => Effect.Effect<void, StoreError>
  /** Whether the id says so little about its record that only {@link holds} can tell whether another bears it. */
  readonly isSuspect: (eventId: string, position: number) => boolean
  /** Whether a record bears already the event id that the next one is to have. */
  readonly holds: (eventId: string, position: number) => Effect.Effect<boolean, StoreError>
  /** Nobody else can append: until it is told otherwise, the names are as they were seen. */
  readonly hold: (sight: Sight | undefined) => void
  /** Forgets bytes that are no records yet: they were cut or completed. */
  readonly forgetPending: () => void
  /** Nothing beyond what is known may be read while our own lines are not durable. */
  readonly hiding: Hiding
  /** Takes over records that we wrote ourselves, without reading them. */
  readonly take: (records: ReadonlyArray<NewRecord>, packed: Packed) => void
  /** The active file has become an archive, and a new one has its name. */
  readonly rotated: Effect.Effect<void>
  /** The files have become others: what is known of them is learnt anew. */
  readonly forgetAll: Effect.Effect<void>
}

/** With `only`, what is learnt of jobs is of that one alone: for a reading of its stream, and for nothing else. */
export const makeScanner = (ledgerFile: LedgerFile, only?: string): Effect.Effect<Scanner> =>
  Effect.gen(function* () {
    const { io, where } = ledgerFile
    // Readings go on next to each other, but not while the files they read are told apart anew.
    const structure = yield* Semaphore.make(readings_max)
    const restructure = structure.withPermits(readings_max)
    let place: Place | undefined
    /** Where `history.info` was seen. */
    let folder: Directory | undefined
    let seen_bytes = 0
    let held: Sight | undefined
    const look = Effect.suspend(() => (held === undefined ? ledgerFile.look : Effect.succeed(held)))
    const archives = makeArchives()
    const broken = new Set<number>()
    let history = new History(0)
    const hiding = makeHiding(() => {
      held = undefined
    })
    const records = makeRecords(archives, () => history)

    const { addRow, isCopy, isSuspect, readOn } = makeEntering(
      records,
      () => history,
      () => startAnew(),
    )

    const readClosed = (place: Place) => (segment: Segment, reader: LineReader) =>
      Effect.gen(function* () {
        const bytes = yield* archives.bytes(place.directory, segment)
        const read: ReadPart = (offset, length) => archives.read(place.directory, segment, offset, length)
        yield* readOn(place, segment, reader, read, bytes, "to its end")
        segment.lines = reader.line_number
      })

    const placeOf = (sight: Sight): Effect.Effect<Place, StoreError> =>
      Effect.map(sight.info === undefined ? Effect.succeed(undefined) : ledgerFile.read(sight), (file) => ({
        directory: sight.directory,
        file,
      }))

    const startAnew = () => {
      held = undefined
      history = new History(history.generation + 1)
      place = undefined
      records.forget()
    }

    const isUnchanged = (sight: Sight) =>
      Effect.map(ledgerFile.look, (now) => now?.directory === sight.directory && isSameOrNone(now.info, sight.info))

    /** Learns the folder as it was seen; starts over when somebody rotated it meanwhile. Answers whether it did learn it. */
    const learn = (sight: Sight) =>
      Effect.gen(function* () {
        const now = yield* placeOf(sight)
        const opening = { history, records, archives, place: now, sight, broken, only, readClosed: readClosed(now) }
        const done = yield* Effect.exit(ioOr(load(opening)))
        const isSame = yield* Effect.exit(isUnchanged(sight))
        if (Exit.isFailure(done) || Exit.isFailure(isSame) || !isSame.value) {
          // What was learnt so far is not to be learnt twice.
          history = new History(history.generation)
          if (Exit.isSuccess(isSame) && !isSame.value) return false
          yield* done
          yield* isSame
        }
        history.info = sight.info
        folder = sight.directory
        return true
      })

    /** The same past is learnt once more. */
    const forgetLearnt = () => {
      history = new History(history.generation)
      place = undefined
      records.forget()
    }

    /** The same past, read without a seal that cannot be trusted. */
    const breakSeal = ({ segment }: SealBroken) => {
      broken.add(segment.first)
      forgetLearnt()
    }

    /** Whether the bytes that were read last are in an archive of that name, at the same place. */
    const isWitnessed = ({ directory }: Sight, archive: ArchiveName) => {
      const { reader, witness } = history
      const from = reader.end - witness.byteLength
      return Effect.matchEffect(archives.read(directory, archive, from, witness.byteLength), {
        onSuccess: (bytes) => Effect.succeed(Buffer.compare(bytes, witness) === 0),
        onFailure: () => Effect.succeed(false),
      })
    }

    const isArchived = (directory: Directory, { first }: Segment) =>
      Effect.map(directory.list, (names) => names.some((name) => firstOfArchive(name) === first))

    /**
     * Whether the file that was not made yet when we looked last has been made, filled and made an archive since. Without a
     * look at the names, the one that bears the ledger's now would be taken for it.
     */
    const hasPassed = ({ directory }: Sight) => {
      const { active, info, isLoaded } = history
      const isUnmade = isLoaded && info === undefined && active !== undefined
      return isUnmade ? ioOr(isArchived(directory, active)) : Effect.succeed(false)
    }

    /** Somebody gave the file the name of an archive: goes on behind it. Answers whether it is so. */
    const follow = (sight: Sight) =>
      Effect.gen(function* () {
        const { directory } = sight
        const closed = { directory, file: undefined }
        for (let followed = false; ; followed = true) {
          const { active, reader } = history
          // Of a file that was not what was sealed nothing was read that an archive could be told by.
          if (active === undefined || history.isBlocked(active.name)) return false
          if (!(yield* isArchived(directory, active))) return followed
          if (!(yield* isWitnessed(sight, { name: archiveName(active.first), first: active.first }))) return false
          active.archive()
          yield* Effect.catchTag(readClosed(closed)(active, reader.restart()), "ArchiveDamaged", ({ file, reason }) =>
            Effect.sync(() => history.note({ file, error: reason, blocks: true })),
          )
          yield* adoptSeals(closed, active)
          history.beginBehind(active)
        }
      })

    /** Brings what is known of the files in line with the names. Answers whether it is the same past still. */
    const settleNames = (sight: Sight) =>
      Effect.gen(function* () {
        const isOther =
          history.isLoaded &&
          // In another folder the number may be that of a file that is gone: it is given to the next one that is made.
          (folder !== sight.directory || (history.info !== undefined && !isSameFile(history.info, sight.info)))
        // What was open is no longer what bears the name: if the new one cannot be opened, it must not be read in its place.
        if (isOther) place = undefined
        // Half of the way behind an archive, what is known is of neither file.
        const following = Effect.onError(ioOr(follow(sight)), () => Effect.sync(forgetLearnt))
        if ((isOther || (yield* hasPassed(sight))) && !(yield* following)) startAnew()
        if (!history.isLoaded && !(yield* learn(sight))) return
        history.info = sight.info
        folder = sight.directory
        place = yield* placeOf(sight)
      })

    /** Where nothing bears the name, as in the middle of a rotation, the archives tell whether anything has come since. */
    const isCurrent = (sight: Sight) => {
      const isKnown = place?.directory === sight.directory && isSameOrNone(history.info, sight.info)
      return isKnown && place?.file === undefined
        ? Effect.map(hasPassed(sight), (passed) => sight.info === undefined && !passed)
        : Effect.succeed(isKnown)
    }

    const scanNow: (limit: number, unsealed?: "left") => Effect.Effect<Scanned, StoreError | SealBroken> =
      Effect.fnUntraced(function* (limit: number, unsealed?: "left") {
        const nothing = () => ({ after: history.head, head: history.head, events: [] })
        if (hiding.isHiding()) return nothing()
        const { generation } = history
        let sight = yield* look
        // What is seen may have grown while it was learnt, so it is looked at again.
        for (; sight !== undefined && !(yield* isCurrent(sight)); sight = yield* ledgerFile.look) {
          held = undefined
          yield* restructure(settleNames(sight))
          if (history.generation !== generation) return nothing()
        }
        if (sight === undefined) {
          if (history.isLoaded) yield* restructure(Effect.sync(startAnew))
          return nothing()
        }
        const { active, reader } = history
        const file = place?.file
        const [bytes, seen] = [sight.info?.bytes ?? 0, seen_bytes]
        seen_bytes = bytes
        if (place === undefined || file === undefined || active === undefined) return nothing()
        // What is there is not what was sealed: nothing behind it can be told from it, until it is another one again.
        const isOther = history.isBlocked(active.name)
        const isAsLong = bytes === reader.next && reader.next === reader.end
        if (!isOther && isAsLong && !history.isUnsettled) return nothing()
        // Asked first: what has rows is never taken back.
        const isSealed = !isOther && (yield* io(isSealedTo(place.directory, active.first, bytes)))
        const isChanged = isOther
          ? bytes !== seen
          : bytes < reader.end || !(yield* io(isStillThere(file, reader.end, history.witness)))
        if (isChanged) yield* restructure(Effect.sync(startAnew))
        if (isOther || isChanged) return nothing()
        if (isAsLong || (!isSealed && unsealed === "left")) {
          history.isUnsettled &&= !isSealed
          return nothing()
        }
        if (!isSealed) yield* io(flushOthers(file))
        history.isUnsettled = !isSealed
        // Pending bytes may have been cut and replaced since; they are read again.
        history.reader = reader.restart()
        const remembered = () => rememberedFrom(history.reader.end, active.lastOffset)
        const witness = new Witness(reader.end, history.witness)
        const read: ReadPart = (offset, length) =>
          Effect.tap(readExactly(file, offset, length), (chunk) => Effect.sync(() => witness.add(chunk, remembered())))
        const after = history.head
        const events = yield* ioOr(readOn(place, active, history.reader, read, bytes, limit))
        history.witness = witness.between(remembered(), history.reader.end)
        if (active.rows.count > 2 * rows_kept) {
          yield* ioOr(adoptSeals(place, active))
          active.trim(rows_kept)
        }
        return { after, head: history.head, events }
      })

    const ioOr = <A>(run: Effect.Effect<A, ReadFailure | ArchiveDamaged>): Effect.Effect<A, StoreError | SealBroken> =>
      Effect.mapError(run, (error) =>
        error instanceof SealBroken ? error : new StoreUnavailable({ where, cause: error }),
      )

    /** Once more, without the seal, where one turned out to be damaged. */
    const again = <A>(run: Effect.Effect<A, StoreError | SealBroken>): Effect.Effect<A, StoreError> =>
      Effect.catchTag(run, "SealBroken", (seal) =>
        Effect.andThen(
          restructure(Effect.sync(() => breakSeal(seal))),
          Effect.suspend(() => again(run)),
        ),
      )

    const scan: Scanner["scan"] = (limit, unsealed) =>
      Effect.suspend(() =>
        hiding.isHiding() || isUpToDate()
          ? Effect.succeed({ after: history.head, head: history.head, events: [] })
          : hiding.alone(again(Effect.suspend(() => scanNow(limit, unsealed)))),
      )

    const isUpToDate = () => {
      if (held === undefined || place?.directory !== held.directory || place.file === undefined) return false
      if (hiding.isHiding() || hiding.isReading() || !history.knowsAllOf(held.info)) return false
      seen_bytes = history.reader.end
      return true
    }

    const scanOn = Effect.fnUntraced(function* () {
      for (;;) {
        const { generation, head } = history
        const { events } = yield* scan(65_536)
        if (events.length === 0 && history.generation === generation && history.head === head) return
      }
    })
    const scanAll = Effect.suspend(() => (isUpToDate() ? Effect.void : scanOn()))

    /** Records that have changed may be another past's that was put in place since: a look tells. */
    const againWhereOther = <A>(read: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
      Effect.suspend(() => {
        const { corrupt, generation } = history
        const known = corrupt.size
        return Effect.flatMap(read, (answer) =>
          history.generation !== generation || history.corrupt.size === known
            ? Effect.succeed(answer)
            : Effect.flatMap(scan(1), () =>
                history.generation === generation ? Effect.succeed(answer) : Effect.andThen(scanAll, read),
              ),
        )
      })

    return {
      get history() {
        return history
      },
      records,
      archives,
      scan,
      scanAll,
      isUpToDate,
      get seen_bytes() {
        return seen_bytes
      },
      adopt: (at, seal) => {
        const { active } = history
        return active === undefined ? Effect.void : io(adoptSeals(at, active, seal))
      },
      reading: (run, nothing) => {
        const read = again(
          Effect.gen(function* () {
            if (place === undefined) yield* scan(1)
            return yield* structure.withPermits(1)(
              Effect.suspend(() =>
                place === undefined ? Effect.succeed(nothing(history)) : ioOr(run(place, history)),
              ),
            )
          }),
        )
        return Effect.suspend(() => {
          const { generation } = history
          // A line that was read while it was written may have been taken back since, and another be there: a look tells.
          return Effect.catchIf(againWhereOther(read), hasRecordChanged, (error) =>
            Effect.flatMap(scan(1), () => (history.generation === generation ? Effect.fail(error) : read)),
          )
        })
      },
      isSuspect,
      holds: (eventId, position) =>
        Effect.suspend(() => {
          if (place === undefined || !isSuspect(eventId, position)) return Effect.succeed(false)
          return again(ioOr(isCopy(place, eventId, position)))
        }),
      hold: (sight) => {
        held = sight
      },
      forgetPending: () => {
        held = undefined
        history.reader = history.reader.restart()
      },
      hiding,
      take: (written, packed) => {
        held = undefined
        takeOwn(history, addRow, written, packed)
      },
      forgetAll: restructure(Effect.sync(startAnew)),
      rotated: restructure(
        Effect.sync(() => {
          const { active, reader } = history
          if (active === undefined) return
          held = undefined
          active.archive()
          active.lines = reader.line_number
          history.beginBehind(active)
          history.info = undefined
          place = undefined
        }),
      ),
    }
  })
