/**
 * Whether the file that is appended to is the one that was sealed, and what is remembered of it to notice when it is no more.
 *
 * @module
 */
import type { OpenFile } from "@waybill/host"
import { Effect } from "effect"
import type { History } from "./History.ts"
import { is_other, recognised_records } from "./lackingRows.ts"
import { readExactly } from "./readExactly.ts"
import type { Place } from "./Pieces.ts"
import { changed, type Records } from "./Records.ts"
import type { Segment } from "./Segment.ts"
import { rememberedFrom } from "./Witness.ts"

interface Recognising {
  readonly history: History
  readonly place: Place
  readonly records: Records
}

/** Remembers the end of what is known from rows alone, as if it had been read. */
export const remember = ({ history, place, records }: Recognising, segment: Segment) =>
  Effect.gen(function* () {
    const { link, sealed } = segment
    if (sealed === 0 || place.file === undefined) return
    const from = rememberedFrom(link.end, (yield* records.rows(place, segment, sealed - 1, sealed)).offset(0))
    history.witness = new Uint8Array(yield* readExactly(place.file, from, link.end - from))
  })

/** Whether the first line ends where the first record ended. */
const liesInPlace = ({ place, records }: Recognising, segment: Segment, file: OpenFile) =>
  Effect.gen(function* () {
    const row = yield* records.rows(place, segment, 0, 1)
    const line = yield* readExactly(file, row.offset(0), row.end(0) - row.offset(0))
    return line.indexOf(0x0a) === line.byteLength - 1
  })

/** Whether the file is the one that was sealed: somebody may have put another in its place, or cut it. */
export const recognise = (opening: Recognising, segment: Segment) =>
  Effect.gen(function* () {
    const { history, place, records } = opening
    if (segment.sealed === 0) return
    // Asked for after the rows were read: they may be of bytes that came after the first look.
    const bytes = place.file === undefined ? 0 : (yield* place.file.info).bytes
    const positions = [segment.first, segment.last] as const
    const refuse = (error: string) => history.note({ file: segment.name, error, positions, blocks: true })
    if (bytes < segment.link.end) return refuse(`sealed bytes are missing: it has ${bytes} of ${segment.link.end}`)
    const from = Math.max(0, segment.sealed - recognised_records)
    yield* records.take(place, segment, from, segment.sealed, "lazy")
    for (let record = from; record < segment.sealed; record++)
      if (history.corrupt.get(segment.first + record)?.error !== changed) return
    // A file of one record cannot tell by another one; it is the same if that record still lies where it lay.
    if (segment.sealed === 1 && place.file !== undefined && (yield* liesInPlace(opening, segment, place.file))) return
    refuse(is_other)
  })
