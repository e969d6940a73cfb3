/**
 * Finding out what a ledger's folder holds: from the saved index and the seals where there are any, from the lines otherwise.
 *
 * @module
 */
import { Effect } from "effect"
import { ArchiveDamaged, type Archives } from "./Archives.ts"
import type { History } from "./History.ts"
import { loadIndex, type LoadedIndex } from "./IndexFile.ts"
import { batchStart } from "./batchStart.ts"
import {
  areTheirs,
  is_gone,
  is_missing,
  wasLaidAside,
  lacksRows,
  ofOdd,
  ofOther,
  outgrowsRows,
  positions_lost_max,
  recognised_records,
  sealOutgrown,
} from "./lackingRows.ts"
import { archiveName, firstOfArchive, ledger_name, sealName, seals_name } from "./Layout.ts"
import { type Sight } from "./LedgerFile.ts"
import { incomplete_batch, LineReader, partial_line, readLine } from "./LineReader.ts"
import { type Place, type ReadFailure, SealBroken } from "./Pieces.ts"
import { changed, type Records } from "./Records.ts"
import { Flag } from "./Rows.ts"
import { readExactly } from "./readExactly.ts"
import { recognise, remember } from "./recognise.ts"
import { ofOtherFile, otherFileOf } from "./otherFile.ts"
import { lackJob } from "./passing.ts"
import { readRows, readSealWithin, type SealFile } from "./Seals.ts"
import { Segment } from "./Segment.ts"
import { type Survey, survey } from "./survey.ts"

/** Rows looked at in one go. */
const chunk_rows = 4096
/** The same, where nothing is made of them. */
const many_rows = 16 * chunk_rows

export interface Opening {
  readonly history: History
  readonly records: Records
  readonly archives: Archives
  readonly place: Place
  readonly sight: Sight
  /** Files whose rows must not be used, by first position. */
  readonly broken: ReadonlySet<number>
  /** The job that is asked about, where only that one is. */
  readonly only: string | undefined
  /** Reads the lines of a closed file from where its reader stands, to its end. */
  readonly readClosed: (segment: Segment, reader: LineReader) => Effect.Effect<void, ReadFailure | ArchiveDamaged>
}

/** Up to where sealed records may be passed over: many at once where none of them matters, else a chunk, else none. */
const passable = (opening: Opening, segment: Segment, from: number, to: number) =>
  Effect.gen(function* () {
    if (opening.only === undefined) return from
    for (const count of [many_rows, chunk_rows]) {
      const end = Math.min(to, from + count)
      if (yield* lackJob(opening, segment, from, end, opening.only)) return end
    }
    return from
  })

/** Enters what sealed rows tell: jobs, damaged records, ids of others. */
const absorb = (opening: Opening, segment: Segment, from: number, to: number): Effect.Effect<void, ReadFailure> =>
  Effect.gen(function* () {
    const { history, place, records } = opening
    for (let record = from; record < to;) {
      const end = Math.min(to, record + chunk_rows)
      const passed = yield* passable(opening, segment, record, to)
      if (passed > record) {
        record = passed
        continue
      }
      const { events, looked, release } = yield* records.take(place, segment, record, end, "lazy")
      const rows = yield* records.rows(place, segment, record, record + looked)
      for (const event of events) {
        const flags = rows.flags(event.position - segment.first - record)
        history.jobs.enterLater(event.job_id, event.position, rows.previous(event.position - segment.first - record))
        if ((flags & Flag.ahead) !== 0) history.enterForeign(event.event_id, event.position)
      }
      release()
      for (let i = 0; i < looked; i++) {
        const position = segment.first + record + i
        if (rows.is(i, Flag.readable | Flag.copy) || history.corrupt.has(position)) continue
        const line = yield* Effect.orElseSucceed(
          records.bytes(place, segment, rows.offset(i), rows.bytes(i)),
          () => new Uint8Array(),
        )
        const content = readLine(line)
        const error = rows.is(i, Flag.partial)
          ? partial_line
          : rows.is(i, Flag.incomplete) || !("error" in content)
            ? incomplete_batch
            : content.error
        const line_number = segment.line + record + i + 1 + rows.blanks(i)
        history.corrupt.set(position, { position, line_number, error, file: segment.name, offset: rows.offset(i) })
      }
      record += looked
    }
  })

/** How many rows of the file that is appended to are sound: the last ones may not have reached the disk. */
const soundRows = ({ place }: Opening, segment: Segment, from: number, to: number) =>
  Effect.gen(function* () {
    let sound = from
    for (let at = from; at < to; at += many_rows) {
      const rows = yield* readRows(place.directory, segment.first, at, Math.min(to, at + many_rows))
      if (sound === at && rows.areSound(0, rows.count)) {
        sound = at + rows.count
        continue
      }
      for (let i = 0; i < rows.count; i++) {
        if (!rows.areSound(i, i + 1)) continue
        if (sound !== at + i) return yield* new SealBroken({ segment, record: sound })
        sound++
      }
    }
    // Lines are read on from there, and a batch is read as a whole.
    while (sound > from) {
      const last = yield* readRows(place.directory, segment.first, sound - 1, sound)
      if (!last.is(0, Flag.continues)) break
      sound--
    }
    return sound
  })

/** Takes over the rows that are on disk, from the record `known` on; what is before is known from the index. */
const takeSeal = (opening: Opening, segment: Segment, seal: SealFile, known: number) =>
  Effect.gen(function* () {
    const { directory } = opening.place
    const rows = segment.isActive ? yield* soundRows(opening, segment, known, Math.max(known, seal.rows)) : seal.rows
    segment.sealed = rows
    segment.base = rows
    if (rows > 0) {
      const last = yield* readRows(directory, segment.first, rows - 1, rows)
      if (last.count !== 1 || !last.areSound(0, 1)) return yield* new SealBroken({ segment, record: rows - 1 })
      segment.link = { crc: last.crc(0), sha: Buffer.from(last.sha(0)), end: last.end(0) }
      segment.lines = rows + last.blanks(0)
    }
    yield* absorb(opening, segment, known, rows)
    if (!segment.isActive) return
    // Before it is recognised: what is remembered is then of the file that was, or differs from what lies there.
    yield* remember(opening, segment)
    yield* recognise(opening, segment)
  })

/**
 * Names the positions between the files that are known and the next one. None is ever left out, but for those behind a file
 * that was laid aside.
 */
const noteGap = (history: History, first: number): void => {
  const from = history.head + 1
  if (first <= from || first - from >= positions_lost_max) return
  const { error, file } = history.segments.at(-1)?.lost ?? { file: archiveName(from), error: is_gone }
  history.note({ file, error, positions: [from, first - 1], blocks: true })
}

/** Adds a file behind those that are known, reads what is not sealed of it if it is closed. */
const addSegment = (opening: Opening, found: Survey, first: number, name: string, known = 0) =>
  Effect.gen(function* () {
    const { broken, history, place } = opening
    const { archives, isPastSealed, seals } = found
    noteGap(history, first)
    const previous = history.segments.at(-1)
    const isActive = name === ledger_name
    const most = nextOf(found, first) - first
    const seal = seals.includes(first) ? yield* readSealWithin(place.directory, first, most) : undefined
    const line = seal?.header?.line ?? (previous === undefined ? 0 : previous.line + previous.lines)
    const chain = seal?.header === undefined ? previous?.link.sha : Buffer.from(seal.header.chain, "hex")
    const segment = new Segment({ first, line, name, isActive, ...(chain === undefined ? {} : { chain }) })
    history.segments.push(segment)
    segment.isSealDamaged = broken.has(first)
    segment.most = most
    if (seal?.isLonger === true) history.note({ file: `${seals_name}/${sealName(first)}`, error: sealOutgrown })
    if (seal?.odd !== undefined)
      history.note({ file: `${seals_name}/${sealName(first)}`, error: ofOdd(seal.odd), blocks: true })
    if (seal?.other !== undefined)
      history.note({ file: `${seals_name}/${sealName(first)}`, error: ofOther(seal.other), blocks: true })
    if (seal !== undefined && !segment.isSealDamaged) yield* takeSeal(opening, segment, seal, known)
    const isThere = isActive || archives.includes(name) || archives.includes(`${name}.gz`)
    if (!isThere) {
      const positions = segment.count === 0 ? undefined : ([first, segment.last] as const)
      segment.lost = { file: name, error: is_missing }
      history.note({ ...segment.lost, blocks: true, ...(positions === undefined ? {} : { positions }) })
      return
    }
    if (isActive) {
      history.reader = segment.isSealDamaged ? new LineReader() : new LineReader(segment.link.end, segment.lines)
      yield* refuseOther(opening, seals, segment)
    } else if (isFull(segment)) return
    else if (segment.sealed === 0 || isShort(segment) || (yield* outgrowsRows(place.directory, segment, archives)))
      yield* Effect.catchTag(readRest(opening, seals, segment), "ArchiveDamaged", ({ file, reason }) =>
        Effect.sync(() => {
          segment.lost = { file, error: reason }
          // Of what is sealed, reading a record tells.
          if (segment.sealed === 0) history.note({ ...segment.lost, blocks: true })
        }),
      )
    if (seal !== undefined && segment.isSealDamaged) yield* keepSeal(opening, segment, seal)
    if (isActive || !isPastSealed || segment.sealed >= segment.count) return
    const positions = [first + segment.sealed, segment.last] as const
    const file = archives.includes(name) ? name : `${name}.gz`
    history.note({ file, error: lacksRows(first), positions, blocks: true })
  })

/** Refuses a file that is appended to and has no seal, where it is another one. */
const refuseOther = ({ history, place }: Opening, seals: ReadonlyArray<number>, segment: Segment) =>
  Effect.gen(function* () {
    const { file } = place
    if (segment.sealed > 0 || segment.isSealDamaged || file === undefined) return
    const read = (offset: number, bytes: number) => readExactly(file, offset, bytes)
    const other = yield* otherFileOf(place.directory, seals, segment.first, read)
    if (other !== undefined) history.note({ file: segment.name, error: ofOtherFile(other), blocks: true })
  })

/** Reads what an archive holds behind its rows. */
const readRest = ({ archives, place, readClosed }: Opening, seals: ReadonlyArray<number>, segment: Segment) =>
  Effect.gen(function* () {
    if (segment.sealed === 0 && !segment.isSealDamaged) {
      const read = (offset: number, bytes: number) => archives.read(place.directory, segment, offset, bytes)
      const other = yield* otherFileOf(place.directory, seals, segment.first, read)
      if (other !== undefined) return yield* new ArchiveDamaged({ file: segment.name, reason: ofOtherFile(other) })
    }
    if (segment.sealed === 0 || segment.isSealDamaged) return yield* readClosed(segment, new LineReader())
    const { end, lines } = yield* batchStart(place.directory, segment.first, segment.sealed)
    yield* readClosed(segment, new LineReader(end, lines))
  })

/** Where the next file's positions begin, as far as names tell. */
const nextOf = ({ archives, begins, seals }: Survey, first: number): number =>
  Math.min(
    ...[...seals, ...archives.flatMap((name) => firstOfArchive(name) ?? []), begins ?? 0].filter((at) => at > first),
  )

/** Whether whatever it holds behind its rows has no position: the next file's begin there, or it was laid aside. */
const isFull = ({ isSealDamaged, most, sealed }: Segment): boolean =>
  !isSealDamaged && sealed > 0 && (sealed >= most || wasLaidAside(most, sealed))

/** Whether it must have held more records than it has rows: the next one was not begun behind a file that was laid aside. */
const isShort = ({ most, sealed }: Segment): boolean => most > sealed && most - sealed < positions_lost_max

/** Rows that do not hold stay what they are; new ones go behind the last that does. */
const keepSeal = ({ history, place }: Opening, segment: Segment, seal: SealFile) =>
  Effect.gen(function* () {
    history.note({ file: `${seals_name}/${sealName(segment.first)}`, error: "rows of the seal have changed" })
    for (let end = seal.rows; end > 0; end -= chunk_rows) {
      const from = Math.max(0, end - chunk_rows)
      const rows = yield* readRows(place.directory, segment.first, from, end)
      for (let i = rows.count - 1; i >= 0; i--) {
        if (!rows.areSound(i, i + 1)) continue
        segment.sealed = from + i + 1
        segment.link = { crc: rows.crc(i), sha: Buffer.from(rows.sha(i)), end: rows.end(i) }
        return
      }
    }
  })

/** Starts from the saved index, if it is of this very ledger. Answers where in its last file to go on. */
const resume = (opening: Opening, saved: LoadedIndex | undefined, { archives, seals }: Survey) =>
  Effect.gen(function* () {
    const { broken, history, place } = opening
    const last = saved?.segments.at(-1)
    if (saved === undefined || last === undefined || broken.size > 0 || !seals.includes(last.first)) return undefined
    if (last.count > 0) {
      const row = yield* readRows(place.directory, last.first, last.count - 1, last.count)
      const isOurs = row.count === 1 && row.areSound(0, 1) && row.sha(0).toString("hex") === saved.chain
      if (!isOurs) return undefined
    }
    if (!(yield* areTheirs(place.directory, saved.segments.slice(0, -1)))) return undefined
    for (const { count, first, line, name } of saved.segments.slice(0, -1)) {
      // It held no record, so it has no position.
      if (count === 0) continue
      noteGap(history, first)
      const segment = new Segment({ first, line, name, isActive: false })
      segment.sealed = count
      segment.base = count
      history.segments.push(segment)
      if (!archives.includes(name) && !archives.includes(`${name}.gz`))
        history.note({ file: name, error: is_missing, positions: [first, first + count - 1], blocks: true })
    }
    history.jobs = saved.jobs
    for (const record of saved.corrupt) history.corrupt.set(record.position, record)
    for (const [told, positions] of saved.ahead) history.ahead.set(told, [...positions])
    history.foreign_from = saved.head
    history.saved = saved.head
    return last
  })

/** Whether the last archive was laid aside because it lacks what was sealed. */
const lacksSealed = ({ history, place, records }: Opening) =>
  Effect.gen(function* () {
    const last = history.segments.at(-1)
    if (last === undefined || last.sealed === 0 || firstOfArchive(last.name) === undefined) return false
    const info = yield* place.directory.find(last.name)
    if (info === undefined) return false
    if (info.bytes < last.link.end) return true
    const from = Math.max(0, last.sealed - recognised_records)
    yield* records.take(place, last, from, last.sealed, "lazy")
    const hasChanged = (position: number) => history.corrupt.get(position)?.error === changed
    return Array.from({ length: last.sealed - from }, (_, i) => last.first + from + i).every(hasChanged)
  })

/** The first position behind all that is known: far behind, where the last archive was laid aside. */
const behind = (opening: Opening, { told }: Survey) =>
  Effect.gen(function* () {
    const { head, segments } = opening.history
    const { first, lost, sealed } = segments.at(-1) ?? { first: 1, lost: undefined, sealed: 0 }
    const isOther = lost !== undefined && sealed === 0
    // What was laid aside was not what goes on right there.
    if (told === head + 1 || (!isOther && !(yield* lacksSealed(opening)))) return head + 1
    return Math.max(head + 1, first + sealed) + positions_lost_max
  })

/** Learns the files of the folder, and what is sealed of them. The active file's lines are read on from there. */
export const load = (opening: Opening): Effect.Effect<void, ReadFailure> =>
  Effect.gen(function* () {
    const { history, sight } = opening
    const found = yield* survey(sight.directory, opening.archives)
    const { archives, claimed, isMarked, seals, strange } = found
    history.isMarked = isMarked
    const last = yield* resume(opening, yield* loadIndex(sight.directory, opening.only), found)
    const byFirst = new Map<number, string>(claimed)
    for (const name of archives) {
      const first = firstOfArchive(name)
      if (first !== undefined) byFirst.set(first, name.replace(/\.gz$/u, ""))
    }
    if (seals.length === 0) {
      // Nothing is sealed yet: the order of names is the order of records.
      for (const name of archives)
        if (firstOfArchive(name) === undefined) yield* addSegment(opening, found, history.head + 1, name)
    }
    // A seal of nobody keeps nothing from being read.
    for (const [name, error] of strange) history.note({ file: name, error, blocks: !name.startsWith(`${seals_name}/`) })
    if (last !== undefined)
      yield* addSegment(opening, found, last.first, byFirst.get(last.first) ?? last.name, last.count)
    // A seal without a file, and with files behind it, is of an archive that is gone.
    const active = Math.max(0, ...seals, ...byFirst.keys())
    const rest = [...new Set([...byFirst.keys(), ...seals.filter((first) => first < active)])]
    const known = new Set(history.segments.map(({ first }) => first))
    for (const first of rest.toSorted((a, b) => a - b))
      if (!known.has(first)) yield* addSegment(opening, found, first, byFirst.get(first) ?? archiveName(first))
    if (history.active === undefined) {
      const isKnown = seals.includes(active) && !byFirst.has(active)
      yield* addSegment(
        opening,
        found,
        isKnown ? active : (found.begins ?? (yield* behind(opening, found))),
        ledger_name,
      )
    }
    history.isLoaded = true
  })
