/**
 * A store in plain lines, in the layout of JobSpec's reference daemon (JobSpec v0 §7).
 *
 * Any number of local processes share one root. Who appends holds a kernel lock that dies with its process, reads what
 * others appended since, writes, flushes, and lets go. Readers take no lock and never write.
 *
 * @module
 */
import { FileError, type Files } from "@waybill/host"
import {
  type NewRecord,
  type Page,
  type Session,
  type Store,
  type StoreError,
  StoreFull,
  StoreLocked,
  StorePoisoned,
  StoreRefused,
} from "@waybill/ledger"
import { Clock, Effect, Random, type Scope, Semaphore } from "effect"
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts"
import { makeLedgerFile, type Writing } from "./LedgerFile.ts"
import { mend } from "./mend.ts"
import { readExactly } from "./readExactly.ts"
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
const isFileError = (error: unknown): error is FileError => error instanceof FileError

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
        for (;;) {
          const known = scanner.readable(position + 1, 1, limit + 1)
          if (known.length > 0) return yield* scanner.page(known, limit)
          const { generation, index } = scanner
          const { head } = index
          const events = yield* scanner.scan(limit)
          if (scanner.generation !== generation) return yield* scanner.page([], limit)
          // Another reader may have scanned past us in the meantime; the index has what it saw.
          const found = scanner.readable(position + 1, 1, limit + 1)
          const isOurs = found[0] === events[0]?.position
          if (found.length > 0) return yield* scanner.page(found, limit, isOurs ? events.slice(0, limit) : undefined)
          // One scan goes only so far, and the position asked for may lie beyond it.
          if (index.head === head) return yield* scanner.page([], limit)
        }
      })

    const poisoned = (cause: FileError) =>
      cause.code === "ENOSPC" || cause.code === "EDQUOT"
        ? new StoreFull({ where })
        : new StorePoisoned({ where, cause })

    /** How much of the file we know to be on stable storage; `rewrite`: a flush failed, and what lies there is not. */
    let durable: { readonly end: number; readonly generation: number; readonly rewrite: boolean } = {
      end: 0,
      generation: 0,
      rewrite: false,
    }

    /**
     * Whatever a commit rests on is durable before it is answered: also the lines of a process that died before its flush, and
     * our own that a failed flush left behind. The system may hold those for clean, so they are written again.
     */
    const settle = ({ file }: Writing): Effect.Effect<void, FileError> =>
      Effect.gen(function* () {
        const { end, generation } = scanner
        if (!durable.rewrite && durable.end === end && durable.generation === generation) return
        const from = durable.generation === generation ? Math.min(durable.end, end) : 0
        if (durable.rewrite) yield* file.write(yield* readExactly(file, from, end - from), from)
        yield* file.flush
        durable = { end, generation, rewrite: false }
      })

    const mendTail = (opened: Writing) =>
      Effect.gen(function* () {
        yield* scanner.scanAll
        if (yield* mend(opened.directory, opened.file, scanner.end)) scanner.forgetPending()
        yield* scanner.scanAll
        yield* settle(opened)
      }).pipe(
        Effect.catchIf(isFileError, (cause) =>
          Effect.andThen(retreat(opened, undefined), Effect.fail(poisoned(cause))),
        ),
      )

    /**
     * After a failed write or flush, still under the lock: back to the last good record. If not even that can be done, what is
     * left is a torn tail, or whole lines that nobody acknowledged; the next commit reads the file anew and settles it.
     */
    const retreat = ({ file }: Writing, end: number | undefined) =>
      Effect.gen(function* () {
        durable = { ...durable, rewrite: true }
        if (end !== undefined) yield* Effect.ignore(Effect.andThen(file.truncate(end), file.flush))
        yield* ledgerFile.close("writing")
      })

    const refuse = (reason: string) => new StoreRefused({ where, reason })

    const append = (
      opened: Writing,
      batches: ReadonlyArray<ReadonlyArray<NewRecord>>,
    ): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        yield* mendTail(opened)
        const { end } = scanner
        const records = batches.flat()
        for (const [i, { event }] of records.entries()) {
          const position = scanner.index.head + 1 + i
          if (event.position !== position)
            return yield* refuse(`somebody changed it under the lock: ${event.event_id} would be at ${position}`)
          // Replay would take it for a copy of the other.
          if (yield* scanner.holds(opened.file, event.event_id))
            return yield* refuse(`the event id ${event.event_id} is taken by an earlier line`)
        }
        const lines = records.map(({ line }) => encoder.encode(`${line}\n`))
        const bytes = Buffer.concat(lines)
        yield* Effect.gen(function* () {
          yield* opened.file.write(bytes, end)
          yield* opened.file.flush
          scanner.take(
            records.map(({ event }, i) => ({
              jobId: event.job_id,
              eventId: event.event_id,
              bytes: (lines[i]?.byteLength ?? 1) - 1,
            })),
            bytes,
          )
          durable = { ...durable, end: scanner.end }
        }).pipe(
          Effect.catch((cause) => Effect.andThen(retreat(opened, end), Effect.fail(poisoned(cause)))),
          scanner.hideWhile,
          // A write that is given up halfway would go on behind the lock's back.
          Effect.uninterruptible,
        )
      })

    const acquire = ({ lock }: Writing): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        const since = yield* Clock.currentTimeMillis
        for (let wait_ms = 0.2; !(yield* io(lock.tryAcquire)); wait_ms = Math.min(wait_ms * 1.5, 10)) {
          if ((yield* Clock.currentTimeMillis) - since > lock_wait_ms)
            return yield* new StoreLocked({ where, holder: "another process" })
          yield* Effect.interruptible(Effect.sleep(wait_ms * (0.5 + (yield* Random.next))))
        }
      })

    /** Runs `use` under the lock, on the file that bears the ledger's name. */
    const locked = <A, E>(use: (opened: Writing) => Effect.Effect<A, E>): Effect.Effect<A, E | StoreError> =>
      Effect.gen(function* () {
        for (;;) {
          const opened = yield* ledgerFile.writing
          const done = yield* Effect.acquireUseRelease(
            acquire(opened),
            () =>
              Effect.gen(function* () {
                return (yield* ledgerFile.isCurrent(opened)) ? { answer: yield* use(opened) } : undefined
              }),
            () => Effect.ignore(opened.lock.release),
          )
          if (done !== undefined) return done.answer
          yield* ledgerFile.close("both")
        }
      })

    const sessionOf = (opened: Writing): Session => ({
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
          locked((opened) =>
            Effect.andThen(
              mendTail(opened),
              Effect.suspend(() => body(sessionOf(opened))),
            ),
          ),
        ),
      readAfter,
      readBefore: (position, limit) =>
        Effect.gen(function* () {
          yield* scanner.scanAll
          const from = Math.min(position - 1, scanner.index.head)
          return yield* scanner.page(scanner.readable(from, -1, limit), limit)
        }),
      readStream: (jobId, position, limit) =>
        Effect.gen(function* () {
          yield* scanner.scanAll
          const positions = scanner.index.stream(jobId)
          const from = positions.findIndex((p) => p > position)
          return yield* scanner.page(from < 0 ? [] : positions.slice(from, from + limit + 1), limit)
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
          const opened = yield* ledgerFile.reading
          if (opened === undefined) return undefined
          return yield* Effect.catchIf(
            loadCheckpoint(opened.directory, name),
            ({ code }) => code === "ENOENT",
            () => Effect.succeed(undefined),
          ).pipe(io)
        }),
      health: Effect.gen(function* () {
        yield* scanner.scanAll
        const opened = yield* ledgerFile.reading
        const bytes = opened === undefined ? 0 : (yield* io(opened.file.info)).bytes
        return {
          corrupt: scanner.index.corrupt,
          torn_bytes: scanner.isHiding() ? 0 : Math.max(0, bytes - scanner.end),
        }
      }),
    }
    return store
  })
