/**
 * Entering lines into what is known: each becomes a row, and its job, its id and its damage are remembered.
 *
 * @module
 */
import type { FileError } from "@waybill/host"
import type { RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import type { ArchiveDamaged } from "./Archives.ts"
import { measure } from "./Envelope.ts"
import { hashOf, type History, isTold, told } from "./History.ts"
import { incomplete_batch, type Line, type LineReader, partial_line, readLine } from "./LineReader.ts"
import type { Place, ReadFailure } from "./Pieces.ts"
import type { Records } from "./Records.ts"
import { Flag } from "./Rows.ts"
import { readRows } from "./Seals.ts"
import type { Segment } from "./Segment.ts"
import { heldAgainstRows } from "./soundRows.ts"

const read_bytes = 1_048_576

/** Reads a part of a file. */
export type ReadPart = (offset: number, bytes: number) => Effect.Effect<Uint8Array, FileError | ArchiveDamaged>

/** `forget` is called where lines were read and could not all be entered: nothing that follows would be at its position. */
export const makeEntering = (records: Records, history: () => History, forget: () => void) => {
  const readRecord = (place: Place, position: number) =>
    Effect.gen(function* () {
      const segment = history().segmentOf(position)
      const row = yield* records.row(place, position)
      if (segment === undefined || row === undefined || !row.is(0, Flag.readable)) return undefined
      const bytes = yield* Effect.catchTag(
        records.bytes(place, segment, row.offset(0), row.bytes(0)),
        "ArchiveDamaged",
        () => Effect.succeed(new Uint8Array()),
      )
      const content = readLine(bytes)
      return "error" in content ? undefined : content
    })

  /** Ids of others that are sealed and were not needed so far. */
  const learnForeign = (place: Place) =>
    Effect.gen(function* () {
      const to = history().foreign_from
      history().foreign_from = 0
      for (const segment of history().segments)
        for (let record = 0; record < segment.count && segment.first + record <= to; record += 4096) {
          const rows = yield* records.rows(place, segment, record, Math.min(segment.count, record + 4096))
          for (let i = 0; i < rows.count && segment.first + record + i <= to; i++) {
            if (!rows.is(i, Flag.foreign) || !rows.is(i, Flag.readable)) continue
            const known = history().foreign.get(rows.idHash(i))
            if (known === undefined) history().foreign.set(rows.idHash(i), [segment.first + record + i])
            else known.push(segment.first + record + i)
          }
        }
    })

  /** The first line with an event id stands; later ones are copies. */
  const isCopy = (place: Place, eventId: string, position: number): Effect.Effect<boolean, ReadFailure> =>
    Effect.gen(function* () {
      const tells = told(eventId)
      const suspects = [...(history().ahead.get(position) ?? [])]
      if (tells !== position) {
        if (history().foreign_from > 0) yield* learnForeign(place)
        suspects.push(...(history().foreign.get(hashOf(eventId)) ?? []))
        if (tells !== undefined && tells < position) suspects.push(tells)
      }
      for (const suspect of suspects) {
        const row = suspect < position ? yield* records.row(place, suspect) : undefined
        if (row === undefined || row.idHash(0) !== hashOf(eventId)) continue
        if ((yield* readRecord(place, suspect))?.event_id === eventId) return true
      }
      return false
    })

  const isSuspect = (eventId: string, position: number): boolean =>
    !isTold(eventId, position) || history().ahead.has(position)

  const addRow = (segment: Segment, line: Line, isKnown: boolean): RecordedEvent | undefined => {
    const { bytes, content, line_number, offset, text } = line
    const position = segment.last + 1
    const record = segment.count
    const blanks = line_number - record - 1
    segment.lines = line_number
    history().ahead.delete(position)
    const row = { offset, bytes, blanks, previous: 0, job: 0, type_at: 0 }
    if ("error" in content) {
      const { error } = content
      const flags = error === incomplete_batch ? Flag.incomplete : error === partial_line ? Flag.partial : 0
      segment.add({ ...row, flags, id_hash: 0, lengths: undefined })
      history().corrupt.set(position, {
        position,
        line_number: segment.line + line_number,
        error,
        file: segment.name,
        offset,
      })
      return undefined
    }
    const { batch, event_id, event_type, job_id } = content
    const id_hash = hashOf(event_id)
    if (isKnown) {
      segment.add({ ...row, flags: Flag.copy, id_hash, lengths: undefined })
      return undefined
    }
    if (!segment.types.has(event_type)) segment.learnType(event_type, record)
    const lengths = line.lengths ?? measure(text, content)
    const tells = told(event_id)
    if (tells !== position) history().enterForeign(event_id, position)
    const flags =
      Flag.readable |
      (lengths === undefined ? 0 : Flag.cuttable) |
      (text.length === bytes ? Flag.ascii : 0) |
      (tells === position ? 0 : Flag.foreign) |
      (tells !== undefined && tells > position ? Flag.ahead : 0) |
      (batch !== undefined && batch[0] < batch[1] - 1 ? Flag.continues : 0)
    const type_at = segment.types.get(event_type) ?? record
    const { job, previous } = history().jobs.enter(job_id, position)
    segment.add({ offset, bytes, blanks, previous, job, flags, id_hash, type_at, lengths })
    return { ...content, position }
  }

  /** Lines read anew, held against those rows of the file that are sound. */
  const checked = ({ directory }: Place, { count, first }: Segment, lines: ReadonlyArray<Line>) =>
    Effect.map(readRows(directory, first, Math.max(0, count - 1), count + lines.length), (rows) =>
      heldAgainstRows(lines, rows, count === 0),
    )

  /** Reads lines up to the file offset `bytes`, or until about `limit` readable ones have come; to the end, they are not kept. */
  const readOn = (
    place: Place,
    segment: Segment,
    reader: LineReader,
    read: ReadPart,
    bytes: number,
    limit: number | "to its end",
  ) =>
    Effect.gen(function* () {
      const events: Array<RecordedEvent> = []
      // A reader that has answered with lines has passed them: whatever happens from then on, they are entered or forgotten.
      const enter = (next: () => ReadonlyArray<Line>) =>
        Effect.gen(function* () {
          const found = next()
          const lines = segment.isSealDamaged ? yield* checked(place, segment, found) : found
          for (const line of lines) {
            // A batch of which an archive's seal has lost the last rows is read as a whole; what is sealed of it is known.
            if (!segment.isActive && (line.offset < segment.link.end || segment.count >= segment.most)) continue
            const position = segment.last + 1
            const id = "error" in line.content ? undefined : line.content.event_id
            const isKnown = id !== undefined && isSuspect(id, position) && (yield* isCopy(place, id, position))
            const event = addRow(segment, line, isKnown)
            if (event !== undefined && limit !== "to its end") events.push(event)
          }
        }).pipe(Effect.onError(() => Effect.sync(forget)))
      // Stops before a chunk that would bring more than was asked for.
      while (limit === "to its end" || events.length === 0 || events.length * 2 <= limit) {
        const { next } = reader
        const chunk = yield* read(next, Math.max(0, Math.min(read_bytes, bytes - next)))
        if (chunk.byteLength === 0) {
          if (!segment.isActive) yield* enter(() => reader.finish())
          break
        }
        yield* enter(() => reader.push(chunk))
      }
      return events
    })

  return { addRow, isCopy, isSuspect, readOn }
}

export type Entering = ReturnType<typeof makeEntering>
