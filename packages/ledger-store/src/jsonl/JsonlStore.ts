/**
 * A store in plain lines, in the layout of JobSpec's reference daemon (JobSpec v0 §7).
 *
 * Any number of local processes share one root. Who appends holds a kernel lock that dies with its process, reads what
 * others appended since, writes, flushes, and lets go. Readers take no lock and never write.
 *
 * @module
 */
import type { Files } from "@waybill/host"
import type { Page, RecordedEvent, Session, Store, StoreError } from "@waybill/ledger"
import { Effect, type Scope, Semaphore } from "effect"
import { makeAppending } from "./Appending.ts"
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts"
import { compressArchives } from "./compress.ts"
import { healthOf } from "./health.ts"
import type { History } from "./History.ts"
import { makeLedgerFile, type Writing } from "./LedgerFile.ts"
import { makeLocking } from "./Locking.ts"
import type { Making, Place } from "./Records.ts"
import { makeScanner } from "./Scanner.ts"

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
    const locked = makeLocking(ledgerFile, appender, lock_wait_ms)

    const nothing = ({ generation }: History): Page => ({ events: [], generation, covers: 0 })

    /** At most `limit` readable records from a position up; what a page holds is bounded in bytes too. */
    const above = (place: Place, history: History, position: number, limit: number, making: Making) =>
      Effect.gen(function* () {
        const { generation, head } = history
        const events: Array<RecordedEvent> = []
        let next = position
        while (next <= head && events.length < limit) {
          const segment = history.segments[history.indexOf(next)]
          if (segment === undefined) break
          next = Math.max(next, segment.first)
          const from = next - segment.first
          const taken = yield* scanner.records.take(place, segment, from, from + limit - events.length, making)
          events.push(...taken.events)
          next += taken.looked
          if (events.length > 0 && taken.events.length < taken.looked) break
        }
        return { events, generation, covers: next > head ? head : next - 1 }
      })

    const readUp =
      (making: Making) =>
      (position: number, limit: number): Effect.Effect<Page, StoreError> =>
        Effect.gen(function* () {
          for (;;) {
            const { generation, head } = scanner.history
            if (position < head)
              return yield* scanner.reading(
                (place, history) => above(place, history, position + 1, limit, making),
                nothing,
              )
            const scanned = yield* scanner.scan(limit)
            const { after, events } = scanned
            const now = scanner.history
            const isSame = now.generation === generation
            // What was just read need not be read again, if nobody else has read on in the meantime.
            const last = events.at(-1)
            if (isSame && last !== undefined && after <= position && last.position > position) {
              const found = events.filter((event) => event.position > position)
              const page = found.slice(0, limit)
              const covers = page.length < found.length ? (page.at(-1)?.position ?? 0) : scanned.head
              return { events: page, generation, covers }
            }
            if (!isSame) return nothing(now)
            if (now.head === head) return { events: [], generation, covers: head }
          }
        })

    const below = (place: Place, history: History, position: number, limit: number) =>
      Effect.gen(function* () {
        const events: Array<RecordedEvent> = []
        let end = Math.min(position, history.head + 1)
        while (end > 1 && events.length < limit) {
          const segment = history.segments[history.indexOf(end - 1)]
          if (segment === undefined || segment.first >= end) {
            end = history.segments[history.indexOf(end - 1) - 1]?.last ?? 0
            end += 1
            continue
          }
          const to = Math.min(end, segment.last + 1)
          const from = Math.max(segment.first, to - limit)
          const found: Array<RecordedEvent> = []
          for (let at = from; at < to;) {
            const taken = yield* scanner.records.take(place, segment, at - segment.first, to - segment.first, "plain")
            found.push(...taken.events)
            at += taken.looked
          }
          events.push(...found.reverse())
          end = from
        }
        return { events: events.slice(0, limit), generation: history.generation, covers: history.head }
      })

    /** Back along the job's records, from its last. */
    const positionsOf = (place: Place, history: History, jobId: string, position: number) =>
      Effect.gen(function* () {
        const positions: Array<number> = []
        for (let at = history.jobs.get(jobId)?.last ?? 0; at > position;) {
          positions.push(at)
          at = (yield* scanner.records.row(place, at))?.previous(0) ?? 0
        }
        return positions.reverse()
      })

    const along = (place: Place, history: History, jobId: string, position: number, limit: number) =>
      Effect.gen(function* () {
        const positions = yield* positionsOf(place, history, jobId, position)
        const events: Array<RecordedEvent> = []
        for (const at of positions.slice(0, limit)) {
          const segment = history.segmentOf(at)
          if (segment === undefined) continue
          const record = at - segment.first
          events.push(...(yield* scanner.records.take(place, segment, record, record + 1, "plain")).events)
        }
        const covers = positions.length > limit ? (positions[limit - 1] ?? 0) : history.head
        return { events, generation: history.generation, covers }
      })

    const readAfter = readUp("plain")
    const sessionOf = (opened: Writing): Session => ({
      get head() {
        return scanner.history.head
      },
      get generation() {
        return scanner.history.generation
      },
      readAfter,
      append: (batches) => appender.append(opened, batches),
      saveCheckpoint: (checkpoint) => io(saveCheckpoint(opened.directory, checkpoint)),
    })

    const store: Store = {
      where,
      commit: (body) =>
        appending.withPermits(1)(
          locked((opened) =>
            Effect.andThen(
              appender.prepare(opened),
              Effect.suspend(() => body(sessionOf(opened))),
            ),
          ),
        ),
      readAfter,
      readBefore: (position, limit) =>
        Effect.andThen(
          scanner.scanAll,
          scanner.reading((place, history) => below(place, history, position, limit), nothing),
        ),
      readStream: (jobId, position, limit) =>
        Effect.andThen(
          scanner.scanAll,
          scanner.reading((place, history) => along(place, history, jobId, position, limit), nothing),
        ),
      waitBeyond: (position) =>
        Effect.gen(function* () {
          for (;;) {
            if (scanner.history.head > position || (yield* scanner.scan(1)).events.length > 0) return
            yield* Effect.sleep(poll_ms)
          }
        }),
      loadCheckpoint: (name) =>
        Effect.gen(function* () {
          const sight = yield* ledgerFile.look
          return sight === undefined ? undefined : yield* io(loadCheckpoint(sight.directory, name))
        }),
      health: healthOf(ledgerFile, scanner),
    }
    return store
  })
