/**
 * A store in plain lines, in the layout of JobSpec's reference daemon (JobSpec v0 §7).
 *
 * Any number of local processes share one root. Who appends holds a kernel lock that dies with its process, reads what
 * others appended since, writes, flushes, and lets go. Readers take no lock and never write.
 *
 * @module
 */
import type { Files } from "@waybill/host"
import type { Page, Session, Store, StoreError } from "@waybill/ledger"
import { Effect, type Scope, Semaphore } from "effect"
import { makeAppending } from "./Appending.ts"
import { loadCheckpoint, makeCheckpoints } from "./checkpoints.ts"
import { compressArchives } from "./compress.ts"
import { healthOf } from "./health.ts"
import { Listings } from "./Listings.ts"
import type { History } from "./History.ts"
import { makeLedgerFile, type Writing } from "./LedgerFile.ts"
import { makeLocking } from "./Locking.ts"
import { above, along, below } from "./paging.ts"
import type { Making } from "./Records.ts"
import { makeReadingAlone } from "./readingAlone.ts"
import { makeScanner, type Scanner } from "./Scanner.ts"

export interface JsonlStoreOptions {
  /** The project directory; the ledger lies in `.agents/daemon` below it. */
  readonly root: string
  /** How long an append waits for another process to let go; 30 seconds by default. */
  readonly lock_wait_ms?: number
  /** How often a follower looks for what other processes appended; 100 ms by default. */
  readonly poll_ms?: number
  /** How long the file that is appended to may grow before it becomes an archive; 64 MiB by default. */
  readonly rotate_bytes?: number
  /** Whether an archive is compressed, in the background, once it is one; it is by default. */
  readonly compress?: boolean
}

/** Opens the store. Nothing is made or changed on disk before the first append. */
export const makeJsonlStore = (options: JsonlStoreOptions): Effect.Effect<Store, StoreError, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const { compress = true, lock_wait_ms = 30_000, poll_ms = 100, root, rotate_bytes = 67_108_864 } = options
    const context = yield* Effect.context<Files>()
    const scope = yield* Effect.scope
    const ledgerFile = yield* makeLedgerFile(root)
    const { io, where } = ledgerFile
    const scanner = yield* makeScanner(ledgerFile)
    const appending = yield* Semaphore.make(1)
    // An archive that could not be compressed stays plain, and is tried again after the next rotation.
    const compressing = Effect.ignore(Effect.provide(compressArchives(root), context))
    const onRotated = compress ? Effect.asVoid(Effect.forkIn(compressing, scope)) : Effect.void
    const appender = makeAppending(ledgerFile, scanner, { rotate_bytes, onRotated })
    yield* Effect.addFinalizer(() => appender.close)
    const locked = makeLocking(
      ledgerFile,
      appender,
      lock_wait_ms,
      Effect.ignore(Effect.suspend(() => scanner.scan(1024, "left"))),
    )

    const checkpoints = makeCheckpoints(ledgerFile, lock_wait_ms)

    const nothing = ({ generation }: History): Page => ({ events: [], generation, covers: 0 })

    const readUp = (making: Making): Store["readAfter"] =>
      Effect.fnUntraced(function* (position: number, limit: number, bytes_max?: number) {
        for (;;) {
          const { generation, head } = scanner.history
          if (position < head)
            return yield* scanner.reading(
              (place, history) => above(scanner.records, place, history, position + 1, limit, making, bytes_max),
              nothing,
            )
          const scanned = yield* scanner.scan(bytes_max === undefined ? limit : 1)
          const { after, events } = scanned
          const now = scanner.history
          const isSame = now.generation === generation
          // Now that it is known how long the records are, as many are read as were asked for.
          if (isSame && bytes_max !== undefined && position < now.head) continue
          // What was just read need not be read again, if nobody else has read on in the meantime.
          const last = events.at(-1)
          if (isSame && last !== undefined && after <= position && last.position > position) {
            const found = events.filter((event) => event.position > position)
            const page = found.slice(0, limit)
            const covers = page.length < found.length ? (page.at(-1)?.position ?? 0) : scanned.head
            return { events: page, generation, covers }
          }
          // What is above the position in the past that holds now is told, so that no reading ends in the middle.
          if (!isSame) continue
          if (now.head === head) return { events: [], generation, covers: head }
        }
      })

    const readAfter = readUp("plain")
    const foldAfter = readUp("lazy")
    const sessionOf = (opened: Writing): Session => ({
      get head() {
        return scanner.history.head
      },
      get generation() {
        return scanner.history.generation
      },
      readAfter,
      foldAfter,
      append: (batches) => appender.append(opened, batches),
      // Who goes on from a checkpoint should not have to read anew what lies below it.
      saveCheckpoint: (checkpoint) =>
        Effect.andThen(appender.keepUp(opened), checkpoints.save(opened.directory, checkpoint)),
    })
    let latest: { readonly opened: Writing; readonly session: Session } | undefined
    /** One and the same for as long as the same file is open: an object with getters takes the engine 4 µs to make. */
    const sessionOn = (opened: Writing): Session => {
      if (latest?.opened !== opened) latest = { opened, session: sessionOf(opened) }
      return latest.session
    }

    /** Reads one job's stream without learning all others first. */
    const alone = makeReadingAlone(ledgerFile)

    const store: Store = {
      where,
      commit: (body) =>
        appending.withPermits(1)(
          locked((opened) => Effect.flatMap(appender.prepare(opened), () => body(sessionOn(opened)))),
        ),
      readAfter,
      foldAfter,
      readBefore: (position, limit) =>
        Effect.andThen(
          scanner.scanAll,
          scanner.reading((place, history) => below(scanner.records, place, history, position, limit), nothing),
        ),
      readStream: (jobId, position, limit, bytes_max) => {
        const read = (by: Scanner) =>
          Effect.andThen(
            by.scanAll,
            by.reading(
              (place, history) => along(by.records, place, history, jobId, position, limit, bytes_max),
              nothing,
            ),
          )
        // Who knows all jobs already has no use for less.
        return Effect.suspend(() =>
          scanner.history.isLoaded
            ? read(scanner)
            : Effect.catch(Effect.flatMap(alone(jobId), read), () => read(scanner)),
        )
      },
      waitBeyond: (position) =>
        Effect.gen(function* () {
          for (;;) {
            if (scanner.history.head > position || (yield* scanner.scan(1)).events.length > 0) return
            yield* Effect.sleep(poll_ms)
          }
        }),
      prepareCheckpoint: checkpoints.prepare,
      loadCheckpoint: (name) =>
        Effect.gen(function* () {
          const sight = yield* ledgerFile.look
          return sight === undefined ? undefined : yield* io(loadCheckpoint(sight.directory, name))
        }),
      health: healthOf(ledgerFile, scanner, new Listings()),
    }
    return store
  })
