/**
 * Reading a ledger file that grows: each byte is read once on the way to the index, and again only when it is asked for.
 *
 * @module
 */
import type { FileError, OpenFile } from "@waybill/host"
import { type Page, type RecordedEvent, type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Effect, Semaphore } from "effect"
import type { LedgerFile } from "./LedgerFile.ts"
import { type Line, LineReader, readLine } from "./LineReader.ts"
import { readExactly } from "./readExactly.ts"
import { RecordIndex } from "./RecordIndex.ts"

const read_bytes = 1_048_576
const page_bytes_max = 8_388_608
/** How much of the end of what was read is remembered, to notice that somebody cut or changed it. */
const witness_bytes = 256

/** What is known of the file. Given up as a whole when the file turns out to be another one. */
class Known {
  readonly index = new RecordIndex()
  reader = new LineReader()
  witness: Uint8Array = new Uint8Array()
  readonly generation: number
  constructor(generation: number) {
    this.generation = generation
  }
}

export interface Scanner {
  readonly index: RecordIndex
  /** The file offset behind the last record. */
  readonly end: number
  readonly generation: number
  /** Reads on until about `limit` readable records have come or the file ends. */
  readonly scan: (limit: number) => Effect.Effect<ReadonlyArray<RecordedEvent>, StoreError>
  readonly scanAll: Effect.Effect<void, StoreError>
  /** At most `limit` readable positions from one on, in one direction. */
  readonly readable: (from: number, step: 1 | -1, limit: number) => ReadonlyArray<number>
  /**
   * A page of at most `limit` of the wanted records, which are read unless they are given. To tell that there are more, want
   * one more than the limit.
   */
  readonly page: (
    wanted: ReadonlyArray<number>,
    limit: number,
    events?: ReadonlyArray<RecordedEvent>,
  ) => Effect.Effect<Page, StoreError>
  /** Whether a record bears this event id already. */
  readonly holds: (file: OpenFile, eventId: string) => Effect.Effect<boolean, StoreError>
  /** Forgets bytes that are no records yet: they were cut or completed. */
  readonly forgetPending: () => void
  /** Nothing beyond what is known may be read while our own lines are not durable. */
  readonly hideWhile: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly isHiding: () => boolean
  /** Takes over records that we wrote ourselves, without reading them. */
  readonly take: (
    records: ReadonlyArray<{ readonly jobId: string; readonly eventId: string; readonly bytes: number }>,
    written: Uint8Array,
  ) => void
}

export const makeScanner = (ledgerFile: LedgerFile): Effect.Effect<Scanner> =>
  Effect.gen(function* () {
    const { io, where } = ledgerFile
    const scanning = yield* Semaphore.make(1)
    let known = new Known(0)
    let isHiding = false

    const readRecord = (file: OpenFile, position: number) => {
      const { bytes, offset } = known.index.extent(position)
      return Effect.map(readExactly(file, offset, bytes), readLine)
    }

    /** The first line with an event id stands; later ones are copies. */
    const isCopy = (file: OpenFile, eventId: string): Effect.Effect<boolean, FileError> => {
      const seen = known.index.seen(eventId)
      if (typeof seen !== "number") return Effect.succeed(seen === "foreign")
      return Effect.map(readRecord(file, seen), (content) => !("error" in content) && content.event_id === eventId)
    }

    const add = (file: OpenFile, line: Line): Effect.Effect<RecordedEvent | undefined, FileError> =>
      Effect.gen(function* () {
        const { content } = line
        const { index } = known
        if ("error" in content) {
          index.add({ ...line, record: { error: content.error } })
          return undefined
        }
        const { event_id: eventId, job_id: jobId } = content
        if (index.seen(eventId) !== undefined && (yield* isCopy(file, eventId))) {
          index.add({ ...line, record: { duplicateOf: eventId } })
          return undefined
        }
        return { ...content, position: index.add({ ...line, record: { jobId, eventId } }) }
      })

    /** Whether what we have read is still what the file begins with, as far as a look at its end can tell. */
    const stillHolds = (file: OpenFile, bytes: number): Effect.Effect<boolean, FileError> =>
      Effect.gen(function* () {
        const { reader, witness } = known
        if (bytes < reader.end) return false
        const now = yield* readExactly(file, reader.end - witness.byteLength, witness.byteLength)
        return Buffer.compare(now, witness) === 0
      })

    const readOn = (file: OpenFile, bytes: number, limit: number) =>
      Effect.gen(function* () {
        const events: Array<RecordedEvent> = []
        // Stops before a chunk that would bring more than was asked for.
        while (events.length === 0 || events.length * 2 <= limit) {
          const { end, next } = known.reader
          const chunk = yield* readExactly(file, next, Math.min(read_bytes, bytes - next))
          if (chunk.byteLength === 0) break
          for (const line of known.reader.push(chunk)) {
            const event = yield* add(file, line)
            if (event !== undefined) events.push(event)
          }
          if (known.reader.end === end) continue
          const from = Math.max(0, known.reader.end - witness_bytes)
          known.witness = yield* readExactly(file, from, known.reader.end - from)
        }
        return events
      })

    const scan: Scanner["scan"] = (limit) =>
      Effect.suspend(() => (isHiding ? Effect.succeed([]) : scanning.withPermits(1)(scanNow(limit))))

    const scanNow = (limit: number): Effect.Effect<ReadonlyArray<RecordedEvent>, StoreError> =>
      Effect.gen(function* () {
        if (isHiding) return []
        const opened = yield* ledgerFile.reading
        if (opened === undefined) return []
        const { file } = opened
        const { bytes } = yield* io(file.info)
        if (bytes === known.reader.next && known.reader.next === known.reader.end) return []
        if (!(yield* io(stillHolds(file, bytes)))) {
          known = new Known(known.generation + 1)
          return []
        }
        // Pending bytes may have been cut and replaced since; they are read again.
        known.reader = known.reader.restart()
        return yield* io(readOn(file, bytes, limit))
      })

    /** The records at these positions, at most a few megabytes of them. */
    const fetch = (positions: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<RecordedEvent>, StoreError> =>
      Effect.gen(function* () {
        const opened = yield* ledgerFile.reading
        if (opened === undefined) return []
        const { index } = known
        const events: Array<RecordedEvent> = []
        let total = 0
        for (let i = 0; i < positions.length && total < page_bytes_max;) {
          const first = index.extent(positions[i] ?? 0)
          let end = first.offset + first.bytes
          let next = i + 1
          // Neighbours in the file are read together.
          for (; next < positions.length; next++) {
            const { bytes, offset } = index.extent(positions[next] ?? 0)
            const isNear = offset >= end && offset - end <= 64 && offset + bytes - first.offset <= read_bytes
            if (!isNear) break
            end = offset + bytes
          }
          const block = yield* io(readExactly(opened.file, first.offset, end - first.offset))
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

    const readable: Scanner["readable"] = (from, step, limit) => {
      const positions: Array<number> = []
      const { index } = known
      for (let p = from; p >= 1 && p <= index.head && positions.length < limit; p += step)
        if (index.isReadable(p)) positions.push(p)
      return positions
    }

    return {
      get index() {
        return known.index
      },
      get end() {
        return known.reader.end
      },
      get generation() {
        return known.generation
      },
      scan,
      scanAll: Effect.gen(function* () {
        for (;;) {
          const { generation, index } = known
          const { head } = index
          const events = yield* scan(65_536)
          if (events.length === 0 && known.generation === generation && known.index.head === head) return
        }
      }),
      readable,
      holds: (file, eventId) => io(isCopy(file, eventId)),
      page: (wanted, limit, events) =>
        Effect.gen(function* () {
          const { generation, index } = known
          const { head } = index
          const positions = wanted.slice(0, limit)
          const found = events ?? (yield* fetch(positions))
          // Given up meanwhile: what was found is of a past that no longer holds.
          if (known.generation !== generation) return { events: [], generation: known.generation, covers: 0 }
          const isCut = found.length < wanted.length
          return { events: found, generation, covers: isCut ? (found.at(-1)?.position ?? 0) : head }
        }),
      forgetPending: () => {
        known.reader = known.reader.restart()
      },
      hideWhile: (run) =>
        Effect.suspend(() => {
          isHiding = true
          // A scan that has begun ends first: it may already have seen how long the file is about to be.
          return Effect.ensuring(
            scanning.withPermits(1)(run),
            Effect.sync(() => {
              isHiding = false
            }),
          )
        }),
      isHiding: () => isHiding,
      take: (records, written) => {
        let offset = known.reader.end
        let { line_number } = known.reader
        for (const { bytes, eventId, jobId } of records) {
          known.index.add({ offset, bytes, line_number: ++line_number, record: { jobId, eventId } })
          offset += bytes + 1
        }
        known.reader = new LineReader(offset, line_number)
        const joined = Buffer.concat([known.witness, written.subarray(-witness_bytes)])
        known.witness = joined.slice(Math.max(0, joined.byteLength - witness_bytes))
      },
    }
  })
