/**
 * Passing over sealed records, for who asks about one job and nothing else.
 *
 * @module
 */
import { Effect } from "effect"
import type { History } from "./History.ts"
import type { Place, ReadFailure } from "./Pieces.ts"
import type { Records } from "./Records.ts"
import { Flag, type Rows } from "./Rows.ts"
import type { Segment } from "./Segment.ts"

/** How much text is searched at once: memory that is used again and again stays in the processor's caches. */
const searched_bytes = 524_288

export interface Passing {
  readonly history: History
  readonly place: Place
  readonly records: Records
}

/** Whether all text of some records can be read, and none of it is what is searched. */
const isInNone = ({ place, records }: Passing, segment: Segment, rows: Rows, searched: string) =>
  Effect.gen(function* () {
    let block = Buffer.allocUnsafeSlow(searched_bytes)
    const take = (bytes: number) => {
      if (block.byteLength < bytes) block = Buffer.allocUnsafeSlow(bytes)
      return block.subarray(0, bytes)
    }
    for (let from = 0; from < rows.count;) {
      const start = rows.offset(from)
      let to = from + 1
      while (to < rows.count && rows.end(to) - start <= searched_bytes) to++
      const text = yield* Effect.option(records.bytes(place, segment, start, rows.end(to - 1) - start, take))
      if (text._tag === "None") return false
      const { buffer, byteLength, byteOffset } = text.value
      if (Buffer.from(buffer, byteOffset, byteLength).includes(searched)) return false
      from = to
    }
    return true
  })

/**
 * Whether sealed records are certain to have nothing to do with a job: they are plain ones, and its id is not in their text. Rows
 * that are of the job tell sooner that they are; that they are not, no row can tell. It numbers jobs, and leads back, by what its
 * writer could read, which may be less than can be read now, or more.
 */
export const lackJob = (
  passing: Passing,
  segment: Segment,
  from: number,
  to: number,
  jobId: string,
): Effect.Effect<boolean, ReadFailure> =>
  Effect.gen(function* () {
    // An id that is written with escapes can be spelled in several ways.
    if (JSON.stringify(jobId).length !== jobId.length + 2) return false
    const { history, place, records } = passing
    const rows = yield* records.rows(place, segment, from, to)
    if (rows.count !== to - from) return false
    if (!rows.haveAll(Flag.readable | Flag.cuttable, Flag.ahead)) return false
    const known = history.jobs.get(jobId)
    if (known !== undefined && rows.areOf(known.first, known.last)) return false
    // So it is spelled where an envelope can be cut, and with the name of its field it is found sooner than alone.
    return yield* isInNone(passing, segment, rows, `"job_id":${JSON.stringify(jobId)}`)
  })
