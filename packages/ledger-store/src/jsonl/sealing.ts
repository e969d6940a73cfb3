/**
 * Sealing: what is durable gets its rows, an append's own before it is answered. It needs no flush of its own, because a row
 * that is lost is made again from its line; the saved index and a rotation flush the rows they rest on.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { crc32 } from "node:zlib"
import type { ArchiveDamaged } from "./Archives.ts"
import { sealRows } from "./Chain.ts"
import { readFormat, writeFormat } from "./format.ts"
import type { History } from "./History.ts"
import { firstOfArchive, isGzip, seals_name } from "./Layout.ts"
import { readExactly } from "./readExactly.ts"
import type { Place } from "./Pieces.ts"
import type { Records } from "./Records.ts"
import type { Rows } from "./Rows.ts"
import type { SealHeader } from "./SealHeader.ts"
import { openSeal, readRows, readSeal, rowsFrom, writeMembers, writeRows } from "./Seals.ts"
import type { Segment } from "./Segment.ts"

const run_bytes_max = 8_388_608

export interface Sealing {
  readonly place: Place
  readonly history: History
  readonly records: Records
}

const isSame = (a: Rows, b: Rows, at: number): boolean => {
  for (let i = 0; i < b.count; i++) if (a.offset(at + i) !== b.offset(i) || a.bytes(at + i) !== b.bytes(i)) return false
  return true
}

/** Takes over what others have sealed of a file in the meantime; `seal` is its seal, where that is open. */
export const adoptSeals = (place: Place, segment: Segment, seal?: OpenFile): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    if (segment.isSealDamaged || segment.sealed === segment.count) return
    const { count, first, sealed } = segment
    // Where lines are as long as another file's, the rows of its seal would seem to be of these.
    if (seal === undefined && (yield* readSeal(place.directory, first))?.header === undefined) return
    const rows =
      seal === undefined ? yield* readRows(place.directory, first, sealed, count) : yield* rowsFrom(seal, sealed, count)
    let sound = rows.count
    if (!rows.areSound(0, sound)) for (sound = 0; rows.areSound(sound, sound + 1);) sound++
    const kept = sound === rows.count ? rows : rows.first(sound)
    if (isSame(segment.rows, kept, segment.sealed - segment.base)) segment.adopt(kept)
  })

const headerOf = ({ history }: Sealing, segment: Segment): SealHeader => {
  const at = history.segments.indexOf(segment)
  const passed: Array<string> = []
  for (let i = at - 1; i >= 0 && history.segments[i]?.isInChain === false; i--)
    passed.unshift(history.segments[i]?.name ?? "")
  const isForeign = !segment.isActive && firstOfArchive(segment.name) === undefined
  return {
    first: segment.first,
    line: segment.line,
    chain: Buffer.from(segment.link.sha).toString("hex"),
    ...(isForeign ? { file: segment.name } : {}),
    ...(passed.length > 0 ? { passed } : {}),
  }
}

/** Writes the rows of what is not sealed yet of one file. */
const sealSegment = ({ place, records }: Sealing, segment: Segment, file: OpenFile) =>
  Effect.gen(function* () {
    while (segment.sealed < segment.count) {
      const { base, link, rows, sealed } = segment
      let to = rows.count
      while (to - (sealed - base) > 1 && rows.end(to - 1) - link.end > run_bytes_max)
        to = sealed - base + Math.max(1, (to - (sealed - base)) >> 1)
      const bytes = yield* records.bytes(place, segment, link.end, rows.end(to - 1) - link.end)
      const next = sealRows(rows, sealed - base, to, bytes, link)
      yield* writeRows(file, rows, sealed - base, to, sealed)
      segment.link = next
      segment.sealed = base + to
    }
  })

/** A compressed archive of somebody else's is one member; its checksum covers what gzip's own does not. */
const sealPacked = (directory: Directory, seals: Directory, { first, name }: Segment) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* directory.openFile(name, { access: "read" })
      const packed = yield* readExactly(file, 0, (yield* file.info).bytes)
      const member = { offset: 0, packed_offset: 0, packed_bytes: packed.byteLength, packed_crc: crc32(packed) }
      yield* writeMembers(seals, first, [member])
    }),
  )

/** Seals all there is. The first time it fixes every position of the past, so that is made durable at once. */
export const sealAll = (
  sealing: Sealing,
  activeSeal: (header: SealHeader) => Effect.Effect<OpenFile, FileError>,
): Effect.Effect<void, FileError | ArchiveDamaged> =>
  Effect.gen(function* () {
    const { history, place } = sealing
    const open = history.segments.filter(({ count, sealed }) => sealed < count)
    if (open.length === 0 && (history.isMarked || history.head === 0)) return
    const past = open.filter(({ isActive }) => !isActive)
    const isFirst = history.segments.every(({ sealed }) => sealed === 0)
    for (const segment of open) {
      // The chain goes over records: a file without any has no part in it.
      const before = history.segments.slice(0, history.segments.indexOf(segment))
      const previous = before.findLast(({ isInChain }) => isInChain)
      if (segment.sealed === 0 && previous !== undefined) segment.link = { ...segment.link, sha: previous.link.sha }
      if (segment.isActive) yield* sealSegment(sealing, segment, yield* activeSeal(headerOf(sealing, segment)))
      else
        yield* Effect.scoped(
          Effect.gen(function* () {
            const seals = yield* place.directory.openDirectory(seals_name, { create: true })
            if (isGzip(segment.name)) yield* sealPacked(place.directory, seals, segment)
            const file = yield* openSeal(seals, headerOf(sealing, segment), segment.sealed)
            yield* sealSegment(sealing, segment, file)
            yield* file.flush
          }),
        )
    }
    if (past.length === 0 && !isFirst && history.isMarked) return
    const active = history.active
    if (active !== undefined && active.count > 0) yield* (yield* activeSeal(headerOf(sealing, active))).flush
    yield* Effect.scoped(
      Effect.gen(function* () {
        const seals = yield* place.directory.openDirectory(seals_name, { create: true })
        yield* seals.flush
        if ((yield* readFormat(place.directory)) === undefined) yield* writeFormat(seals)
        history.isMarked = true
      }),
    )
  })
