/**
 * A store in plain lines, in the layout of JobSpec's reference daemon (JobSpec v0 §7).
 *
 * Any number of local processes share one root. Who appends holds a kernel lock that dies with its process, reads what
 * others appended since, writes, flushes, and lets go. Readers take no lock and never write.
 *
 * @module
 */
import type { FileError, Files } from "@waybill/host"
import {
  type NewRecord,
  type Page,
  type Session,
  type Store,
  type StoreError,
  StoreFull,
  StoreLocked,
  StorePoisoned,
  StoreUnavailable,
} from "@waybill/ledger"
import { Clock, Effect, Random, type Scope, Semaphore } from "effect"
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts"
import { makeLedgerFile, type Opened } from "./LedgerFile.ts"
import { mend } from "./mend.ts"
import { makeScanner } from "./Scanner.ts"

export interface JsonlStoreOptions {
  /** The project directory; the ledger lies in `.agents/daemon` below it. */
  readonly root: string
  /** How long an append waits for another process to let go; 30 seconds by default. */
  readonly lock_wait_ms?: number
  /** How often a follower looks for what other processes appended; 100 ms by default. */
  readonly poll_ms?: number
}

const encoder = new TextEncoder()

/** Opens the store. Nothing is made or changed on disk before the first append. */
export const makeJsonlStore = (options: JsonlStoreOptions): Effect.Effect<Store, StoreError, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const { lock_wait_ms = 30_000, poll_ms = 100, root } = options
    const ledgerFile = yield* makeLedgerFile(root)
    const { io, where } = ledgerFile
    const scanner = yield* makeScanner(ledgerFile)
    const appending = yield* Semaphore.make(1)

    const readAfter = (position: number, limit: number): Effect.Effect<Page, StoreError> =>
      Effect.gen(function* () {
        const known = scanner.readable(position + 1, 1, limit)
        if (known.length > 0) return scanner.page(yield* scanner.fetch(known))
        const { generation } = scanner
        const events = yield* scanner.scan(limit)
        if (scanner.generation !== generation) return scanner.page([])
        // Another reader may have scanned past us in the meantime; the index has what it saw.
        const found = scanner.readable(position + 1, 1, limit)
        const isOurs = found[0] === events[0]?.position
        return scanner.page(isOurs ? events.slice(0, limit) : yield* scanner.fetch(found))
      })

    const poisoned = (cause: FileError) =>
      cause.code === "ENOSPC" || cause.code === "EDQUOT"
        ? new StoreFull({ where })
        : new StorePoisoned({ where, cause })

    const mendTail = ({ directory, file }: Opened) =>
      Effect.gen(function* () {
        yield* scanner.scanAll
        if (yield* Effect.mapError(mend(directory, file, scanner.end), poisoned)) scanner.forgetPending()
        yield* scanner.scanAll
      })

    /**
     * After a failed write or flush, still under the lock: back to the last good record. If not even that can be done, what is
     * left is a torn tail, or whole lines that nobody acknowledged; the next append reads the file anew and mends it.
     */
    const retreat = ({ file }: Opened, end: number) =>
      Effect.andThen(Effect.ignore(Effect.andThen(file.truncate(end), file.flush)), ledgerFile.close)

    const append = (
      opened: Opened,
      batches: ReadonlyArray<ReadonlyArray<NewRecord>>,
    ): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        yield* mendTail(opened)
        const { end } = scanner
        const records = batches.flat()
        const lines = records.map(({ line }) => encoder.encode(`${line}\n`))
        const bytes = Buffer.concat(lines)
        yield* scanner.hideWhile(
          Effect.andThen(opened.file.write(bytes, end), opened.file.flush).pipe(
            Effect.catch((cause) => Effect.andThen(retreat(opened, end), Effect.fail(poisoned(cause)))),
          ),
        )
        scanner.take(
          records.map(({ event }, i) => ({ jobId: event.job_id, bytes: (lines[i]?.byteLength ?? 1) - 1 })),
          bytes,
        )
      })

    const acquire = ({ lock }: Opened): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        const since = yield* Clock.currentTimeMillis
        for (let wait_ms = 0.2; !(yield* io(lock.tryAcquire)); wait_ms = Math.min(wait_ms * 1.5, 10)) {
          if ((yield* Clock.currentTimeMillis) - since > lock_wait_ms)
            return yield* new StoreLocked({ where, holder: "another process" })
          yield* Effect.sleep(wait_ms * (0.5 + (yield* Random.next)))
        }
      })

    const sessionOf = (opened: Opened): Session => ({
      get head() {
        return scanner.index.head
      },
      get generation() {
        return scanner.generation
      },
      readAfter,
      append: (batches) => append(opened, batches),
      saveCheckpoint: (checkpoint) => io(saveCheckpoint(opened.directory, checkpoint)),
    })

    const store: Store = {
      where,
      commit: (body) =>
        appending.withPermits(1)(
          Effect.gen(function* () {
            const opened = yield* ledgerFile.open(true)
            if (opened === undefined)
              return yield* new StoreUnavailable({ where, cause: "the ledger could not be made" })
            return yield* Effect.acquireUseRelease(
              acquire(opened),
              () => Effect.andThen(mendTail(opened), body(sessionOf(opened))),
              () => Effect.ignore(opened.lock.release),
            )
          }),
        ),
      readAfter,
      readBefore: (position, limit) =>
        Effect.gen(function* () {
          yield* scanner.scanAll
          const from = Math.min(position - 1, scanner.index.head)
          return scanner.page(yield* scanner.fetch(scanner.readable(from, -1, limit)))
        }),
      readStream: (jobId, position, limit) =>
        Effect.gen(function* () {
          yield* scanner.scanAll
          const positions = scanner.index.stream(jobId)
          const from = positions.findIndex((p) => p > position)
          return scanner.page(from < 0 ? [] : yield* scanner.fetch(positions.slice(from, from + limit)))
        }),
      waitBeyond: (position) =>
        Effect.gen(function* () {
          for (;;) {
            if (scanner.index.head > position || (yield* scanner.scan(1)).length > 0) return
            yield* Effect.sleep(poll_ms)
          }
        }),
      loadCheckpoint: (name) =>
        Effect.gen(function* () {
          const opened = yield* ledgerFile.open(false)
          if (opened === undefined) return undefined
          return yield* Effect.catchIf(
            loadCheckpoint(opened.directory, name),
            ({ code }) => code === "ENOENT",
            () => Effect.succeed(undefined),
          ).pipe(io)
        }),
      health: Effect.gen(function* () {
        yield* scanner.scanAll
        const opened = ledgerFile.current()
        const bytes = opened === undefined ? 0 : (yield* io(opened.file.info)).bytes
        return {
          corrupt: scanner.index.corrupt,
          torn_bytes: scanner.isHiding() ? 0 : Math.max(0, bytes - scanner.end),
        }
      }),
    }
    return store
  })
