/**
 * A store in plain lines, in the layout of JobSpec's reference daemon (JobSpec v0 §7).
 *
 * Any number of local processes share one root. Who appends holds a kernel lock that dies with its process, reads what
 * others appended since, writes, flushes, and lets go. Readers take no lock and never write.
 *
 * @module
 */
import { type Directory, FileError, Files, type FileLock, type OpenFile } from "@waybill/host"
import {
  type Checkpoint,
  type NewRecord,
  type Page,
  type RecordedEvent,
  type Session,
  type Store,
  type StoreError,
  StoreFull,
  StoreLocked,
  StorePoisoned,
  StoreRefused,
  StoreUnavailable,
} from "@waybill/ledger"
import { Clock, Effect, Exit, Random, Scope, Semaphore } from "effect"
import { join } from "node:path"
import { type Line, LineReader, readLine } from "./LineReader.ts"
import { RecordIndex } from "./RecordIndex.ts"

export interface JsonlStoreOptions {
  /** The project directory; the ledger lies in `.agents/daemon` below it. */
  readonly root: string
  /** How long an append waits for another process to let go; 30 seconds by default. */
  readonly lock_wait_ms?: number
  /** How often a follower looks for what other processes appended; 100 ms by default. */
  readonly poll_ms?: number
}

const file_name = "ledger.jsonl"
const lock_name = "ledger.lock"
const read_bytes = 1_048_576
/** How much of the end of what was read is remembered, to notice that somebody cut or changed it. */
const witness_bytes = 256
const page_bytes_max = 8_388_608
const archive = /^ledger\..+\.jsonl(\.gz)?$/u

const encoder = new TextEncoder()
const isMissing = ({ code }: FileError): boolean => code === "ENOENT"

/** An open ledger file and what is known of it. */
interface Opened {
  readonly directory: Directory
  readonly file: OpenFile
  readonly lock: FileLock
  readonly scope: Scope.Closeable
}

class Known {
  index = new RecordIndex()
  reader = new LineReader()
  witness: Uint8Array = new Uint8Array()
  readonly generation: number
  constructor(generation: number) {
    this.generation = generation
  }
}

const readExactly = (file: OpenFile, offset: number, bytes: number): Effect.Effect<Uint8Array, FileError> =>
  Effect.gen(function* () {
    const into = new Uint8Array(bytes)
    let filled = 0
    while (filled < bytes) {
      const got = yield* file.read(into.subarray(filled), offset + filled)
      if (got === 0) break
      filled += got
    }
    return into.subarray(0, filled)
  })

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Opens the store. Nothing is made or changed on disk before the first append. */
export const makeJsonlStore = (options: JsonlStoreOptions): Effect.Effect<Store, StoreError, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* Files
    const { lock_wait_ms = 30_000, poll_ms = 100, root } = options
    const where = join(root, ".agents", "daemon", file_name)
    const scanning = yield* Semaphore.make(1)
    const appending = yield* Semaphore.make(1)
    let opened: Opened | undefined
    let known = new Known(0)
    /** While our own lines are being flushed nothing beyond what was known before may be seen. */
    let isFlushing = false
    let brokenAt: number | undefined

    const unavailable = (cause: FileError) => new StoreUnavailable({ where, cause })
    const io = <A, R>(run: Effect.Effect<A, FileError, R>): Effect.Effect<A, StoreError, R> =>
      Effect.mapError(run, (cause) => unavailable(cause))

    const close = Effect.suspend(() => {
      const before = opened
      opened = undefined
      return before === undefined ? Effect.void : Scope.close(before.scope, Exit.void)
    })
    yield* Effect.addFinalizer(() => close)

    const openAll = (create: boolean) =>
      Effect.gen(function* () {
        const base = yield* files.openDirectory(root, { create })
        const agents = yield* base.openDirectory(".agents", { create })
        const directory = yield* agents.openDirectory("daemon", { create })
        const names = yield* directory.list
        const old = names.find((name) => archive.test(name) && name !== file_name)
        if (old !== undefined)
          return yield* new StoreRefused({
            where,
            reason: `there is an archive, ${old}, and archives cannot be read yet`,
          })
        const isNew = !names.includes(file_name)
        const file = yield* directory.openFile(file_name, { access: "write", create: create ? "missing" : "never" })
        const lock = yield* directory.lock(lock_name)
        if (isNew) {
          yield* file.flush
          yield* directory.flush
        }
        return { directory, file, lock }
      })

    /** Opens the file once there is one; `undefined` while there is none and none is to be made. */
    const open = (create: boolean): Effect.Effect<Opened | undefined, StoreError> =>
      Effect.gen(function* () {
        if (opened !== undefined) return opened
        const scope = yield* Scope.make()
        const result = yield* Effect.exit(Scope.provide(openAll(create), scope))
        if (Exit.isSuccess(result)) return (opened = { ...result.value, scope })
        yield* Scope.close(scope, result)
        return yield* Effect.catchIf(
          Effect.failCause(result.cause),
          (error): error is FileError => error instanceof FileError,
          (error) => (isMissing(error) && !create ? Effect.succeed(undefined) : Effect.fail(unavailable(error))),
        )
      })

    const add = (line: Line): RecordedEvent | undefined => {
      const { content } = line
      const { index } = known
      if ("error" in content) {
        index.add({ ...line, record: { error: content.error } })
        return undefined
      }
      if (index.seen(content.event_id, index.head + 1)) {
        index.add({ ...line, record: { duplicateOf: content.event_id } })
        return undefined
      }
      const position = index.add({ ...line, record: { jobId: content.job_id } })
      return { ...content, position }
    }

    /** Whether what we have read is still what the file begins with, as far as a look at its end can tell. */
    const stillHolds = (file: OpenFile, bytes: number): Effect.Effect<boolean, FileError> =>
      Effect.gen(function* () {
        const { reader, witness } = known
        if (bytes < reader.end) return false
        return sameBytes(yield* readExactly(file, reader.end - witness.byteLength, witness.byteLength), witness)
      })

    const remember = (bytes: Uint8Array): void => {
      const joined = bytes.byteLength >= witness_bytes ? bytes : Buffer.concat([known.witness, bytes])
      known.witness = joined.slice(Math.max(0, joined.byteLength - witness_bytes))
    }

    /** Reads on from where the last look ended, until `limit` readable records have come or the file ends. */
    const scan = (limit: number): Effect.Effect<ReadonlyArray<RecordedEvent>, StoreError> =>
      scanning.withPermits(1)(
        Effect.gen(function* () {
          const events: Array<RecordedEvent> = []
          if (isFlushing) return events
          const current = yield* open(false)
          if (current === undefined) return events
          const { file } = current
          const { bytes } = yield* io(file.info)
          if (bytes === known.reader.next && known.reader.next === known.reader.end) return events
          if (!(yield* io(stillHolds(file, bytes)))) {
            known = new Known(known.generation + 1)
            return events
          }
          // Pending bytes may have been cut and replaced since; they are read again.
          known.reader = known.reader.restart()
          // Stops before a chunk that would bring more than was asked for.
          while (events.length === 0 || events.length * 2 <= limit) {
            const from = known.reader.next
            const chunk = yield* io(readExactly(file, from, Math.min(read_bytes, bytes - from)))
            if (chunk.byteLength === 0) break
            const end = known.reader.end
            for (const line of known.reader.push(chunk)) {
              const event = add(line)
              if (event !== undefined) events.push(event)
            }
            if (known.reader.end > end) {
              const from = Math.max(0, known.reader.end - witness_bytes)
              known.witness = yield* io(readExactly(file, from, known.reader.end - from))
            }
          }
          return events
        }),
      )

    const page = (events: ReadonlyArray<RecordedEvent>): Page => ({
      events,
      generation: known.generation,
      covers: known.index.head,
    })

    /** Reads records that are indexed, in the order given. Neighbours in the file are read together. */
    const fetch = (positions: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<RecordedEvent>, StoreError> =>
      Effect.gen(function* () {
        if (opened === undefined) return []
        const { file } = opened
        const { index } = known
        const events: Array<RecordedEvent> = []
        let total = 0
        for (let i = 0; i < positions.length && total < page_bytes_max;) {
          const first = index.extent(positions[i] ?? 0)
          let end = first.offset + first.bytes
          let next = i + 1
          for (; next < positions.length; next++) {
            const { bytes, offset } = index.extent(positions[next] ?? 0)
            const isNear = offset >= end && offset - end <= 64 && offset + bytes - first.offset <= read_bytes
            if (!isNear) break
            end = offset + bytes
          }
          const block = yield* io(readExactly(file, first.offset, end - first.offset))
          total += block.byteLength
          for (; i < next; i++) {
            const position = positions[i] ?? 0
            const { bytes, offset } = index.extent(position)
            const content = readLine(block.subarray(offset - first.offset, offset - first.offset + bytes))
            if ("error" in content)
              return yield* new StoreUnavailable({
                where,
                cause: `the record at position ${position} has changed: ${content.error}`,
              })
            events.push({ ...content, position })
          }
        }
        return events
      })

    const readable = (from: number, step: 1 | -1, limit: number): ReadonlyArray<number> => {
      const positions: Array<number> = []
      const { index } = known
      for (let p = from; p >= 1 && p <= index.head && positions.length < limit; p += step)
        if (index.isReadable(p)) positions.push(p)
      return positions
    }

    const readAfter = (position: number, limit: number): Effect.Effect<Page, StoreError> =>
      Effect.gen(function* () {
        if (position < known.index.head) {
          const positions = readable(position + 1, 1, limit)
          if (positions.length > 0) return page(yield* fetch(positions))
        }
        const generation = known.generation
        const events = yield* scan(limit)
        if (known.generation !== generation) return page([])
        // Another reader may have scanned past us in the meantime; the index has what it saw.
        const [first] = events
        const before = readable(position + 1, 1, limit)
        return page(before[0] === first?.position ? events.slice(0, limit) : yield* fetch(before))
      })

    const scanAll: Effect.Effect<void, StoreError> = Effect.gen(function* () {
      while ((yield* scan(65_536)).length > 0);
    })

    const quarantine = ({ directory }: Opened, offset: number, bytes: Uint8Array) =>
      Effect.scoped(
        Effect.gen(function* () {
          const folder = yield* directory.openDirectory("quarantine", { create: true })
          const copy = yield* folder.openFile(`torn-at-${String(offset).padStart(15, "0")}`, {
            access: "write",
            create: "missing",
          })
          yield* copy.truncate(0)
          yield* copy.write(bytes, 0)
          yield* copy.flush
          yield* folder.flush
        }),
      )

    /**
     * Mends the tail before the first append after a crash. A last line that is a whole event and lacks only its newline gets
     * it; anything else after the last record was never acknowledged: it is copied to quarantine and cut.
     */
    const mend = (current: Opened): Effect.Effect<void, FileError> =>
      Effect.gen(function* () {
        const { file } = current
        const { bytes } = yield* file.info
        const { end } = known.reader
        if (bytes === end) return
        const tail = yield* readExactly(file, end, bytes - end)
        const content = tail.includes(0x0a) ? { error: "incomplete batch" } : readLine(tail)
        const isWhole = !("error" in content) && content.batch === undefined
        if (isWhole) yield* file.write(encoder.encode("\n"), bytes)
        else {
          yield* quarantine(current, end, tail)
          yield* file.truncate(end)
        }
        yield* file.flush
        known.reader = known.reader.restart()
      })

    /** After a failed write or flush, still under the lock: back to the last good record, or remember that it is due. */
    const retreat = (current: Opened, end: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        yield* current.file.truncate(end)
        yield* current.file.flush
        brokenAt = undefined
      }).pipe(
        Effect.catch(() =>
          Effect.sync(() => {
            brokenAt = end
          }),
        ),
      )

    const append = (
      current: Opened,
      batches: ReadonlyArray<ReadonlyArray<NewRecord>>,
    ): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        yield* scanAll
        const poisoned = (cause: FileError) =>
          cause.code === "ENOSPC" || cause.code === "EDQUOT"
            ? new StoreFull({ where })
            : new StorePoisoned({ where, cause })
        yield* Effect.mapError(mend(current), poisoned)
        yield* scanAll
        const end = known.reader.end
        const records = batches.flat()
        const bytes = encoder.encode(records.map(({ line }) => `${line}\n`).join(""))
        isFlushing = true
        yield* Effect.andThen(current.file.write(bytes, end), current.file.flush).pipe(
          Effect.catch((cause) =>
            Effect.andThen(Effect.andThen(retreat(current, end), close), Effect.fail(poisoned(cause))),
          ),
          Effect.ensuring(
            Effect.sync(() => {
              isFlushing = false
            }),
          ),
        )
        let offset = end
        let line_number = known.reader.line_number
        for (const { event, line } of records) {
          const length = encoder.encode(line).byteLength
          known.index.add({ offset, bytes: length, line_number: ++line_number, record: { jobId: event.job_id } })
          offset += length + 1
        }
        known.reader = new LineReader(offset, line_number)
        remember(bytes)
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

    /** What a failed retreat left behind is cut now, unless somebody else has built on it since. */
    const recover = (current: Opened): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        if (brokenAt === undefined) return
        yield* scanAll
        yield* Effect.mapError(mend(current), (cause) => new StorePoisoned({ where, cause }))
        yield* Effect.mapError(current.file.flush, (cause) => new StorePoisoned({ where, cause }))
        brokenAt = undefined
      })

    const saveCheckpoint = ({ directory }: Opened, checkpoint: Checkpoint.Checkpoint) =>
      Effect.scoped(
        Effect.gen(function* () {
          const folder = yield* directory.openDirectory("checkpoints", { create: true })
          const name = `${checkpoint.name}.json`
          const draft = yield* folder.openFile(`${name}.tmp`, { access: "write", create: "missing" })
          yield* draft.truncate(0)
          yield* draft.write(encoder.encode(JSON.stringify(checkpoint)), 0)
          yield* draft.flush
          yield* folder.rename(`${name}.tmp`, name)
          yield* folder.flush
        }),
      )

    const loadCheckpoint = (name: string): Effect.Effect<Checkpoint.Checkpoint | undefined, StoreError> =>
      Effect.scoped(
        Effect.gen(function* () {
          const current = yield* open(false)
          if (current === undefined) return undefined
          const folder = yield* current.directory.openDirectory("checkpoints")
          const file = yield* folder.openFile(`${name}.json`, { access: "read" })
          const text = new TextDecoder().decode(yield* readExactly(file, 0, (yield* file.info).bytes))
          try {
            return JSON.parse(text) as Checkpoint.Checkpoint
          } catch {
            // A checkpoint is a copy of what the ledger says; without it the ledger is folded anew.
            return undefined
          }
        }),
      ).pipe(
        Effect.catchIf(
          (error): error is FileError => error instanceof FileError,
          (error) => (isMissing(error) ? Effect.succeed(undefined) : Effect.fail(unavailable(error))),
        ),
      )

    const commit: Store["commit"] = (body) =>
      appending.withPermits(1)(
        Effect.gen(function* () {
          const current = yield* open(true)
          if (current === undefined)
            return yield* new StoreUnavailable({ where, cause: "the ledger could not be made" })
          return yield* Effect.acquireUseRelease(
            acquire(current),
            () =>
              Effect.gen(function* () {
                yield* recover(current)
                const session: Session = {
                  get head() {
                    return known.index.head
                  },
                  get generation() {
                    return known.generation
                  },
                  readAfter,
                  append: (batches) => append(current, batches),
                  saveCheckpoint: (checkpoint) => io(saveCheckpoint(current, checkpoint)),
                }
                return yield* body(session)
              }),
            () => Effect.ignore(current.lock.release),
          )
        }),
      )

    const store: Store = {
      where,
      commit,
      readAfter,
      readBefore: (position, limit) =>
        Effect.gen(function* () {
          yield* scanAll
          return page(yield* fetch(readable(Math.min(position - 1, known.index.head), -1, limit)))
        }),
      readStream: (jobId, position, limit) =>
        Effect.gen(function* () {
          yield* scanAll
          const positions = known.index.stream(jobId)
          const from = positions.findIndex((p) => p > position)
          return page(from < 0 ? [] : yield* fetch(positions.slice(from, from + limit)))
        }),
      waitBeyond: (position) =>
        Effect.gen(function* () {
          for (;;) {
            if (known.index.head > position || (yield* scan(1)).length > 0) return
            yield* Effect.sleep(poll_ms)
          }
        }),
      loadCheckpoint,
      health: Effect.gen(function* () {
        yield* scanAll
        const bytes = opened === undefined ? 0 : (yield* io(opened.file.info)).bytes
        return { corrupt: known.index.corrupt, torn_bytes: isFlushing ? 0 : Math.max(0, bytes - known.reader.end) }
      }),
    }
    return store
  })
