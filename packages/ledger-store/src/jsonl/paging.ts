/**
 * Pages of records: upwards, downwards, and along one job.
 *
 * @module
 */
import type { Page, RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import type { History } from "./History.ts"
import type { Place, ReadFailure } from "./Pieces.ts"
import type { Making, Records } from "./Records.ts"

/** Records looked at in one go where a job's are searched. */
const searched_records = 4096

/** At most `limit` readable records from a position up, up to the one whose line reaches `bytes_max` at the latest. */
export const above = (
  records: Records,
  place: Place,
  history: History,
  position: number,
  limit: number,
  making: Making,
  bytes_max?: number,
): Effect.Effect<Page, ReadFailure> =>
  Effect.gen(function* () {
    const { generation, head } = history
    const events: Array<RecordedEvent> = []
    const releases: Array<() => void> = []
    let next = position
    let left = bytes_max
    while (next <= head && events.length < limit && (left !== 0 || events.length === 0)) {
      const segment = history.segments[history.indexOf(next)]
      if (segment === undefined) break
      next = Math.max(next, segment.first)
      // It holds none, as one that cannot be read, or one begun behind a file that was laid aside.
      if (next > segment.last) continue
      const from = next - segment.first
      const taken = yield* records.take(place, segment, from, from + limit - events.length, making, left)
      for (const event of taken.events) events.push(event)
      releases.push(taken.release)
      next += taken.looked
      if (left !== undefined) left = Math.max(0, left - taken.bytes)
      if (events.length > 0 && taken.events.length < taken.looked) break
    }
    const covers = next > head ? head : next - 1
    if (making === "plain") return { events, generation, covers }
    const release = () => {
      for (const each of releases) each()
    }
    return { events, generation, covers, release }
  })

/** At most `limit` readable records below a position, the newest first. */
export const below = (
  records: Records,
  place: Place,
  history: History,
  position: number,
  limit: number,
): Effect.Effect<Page, ReadFailure> =>
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
        const taken = yield* records.take(place, segment, at - segment.first, to - segment.first, "plain")
        found.push(...taken.events)
        at += taken.looked
      }
      events.push(...found.reverse())
      end = from
    }
    return { events: events.slice(0, limit), generation: history.generation, covers: history.head }
  })

/** Readable records of one job, found by looking at every record. */
const searched = (
  records: Records,
  place: Place,
  history: History,
  jobId: string,
  position: number,
  limit: number,
): Effect.Effect<Page, ReadFailure> =>
  Effect.gen(function* () {
    const { generation, head } = history
    const events: Array<RecordedEvent> = []
    let covers = position
    while (covers < head) {
      const page = yield* above(records, place, history, covers + 1, searched_records, "plain")
      for (const event of page.events) {
        if (event.job_id !== jobId) continue
        events.push(event)
        if (events.length === limit) return { events, generation, covers: event.position }
      }
      covers = Math.max(page.covers, covers + 1)
    }
    return { events, generation, covers: head }
  })

/**
 * At most `limit` positions of a job's records, found on the way back from its last; `undefined` where a link does not hold: it
 * leads nowhere, upwards, or to a record of another job, passes over one, or stops at one that is not the job's first. A row that
 * was made anew from a line that cannot be read tells neither its job nor where that goes on.
 */
const positionsOf = (
  records: Records,
  place: Place,
  history: History,
  jobId: string,
  position: number,
  limit: number,
) =>
  Effect.gen(function* () {
    const known = history.jobs.get(jobId)
    if (known?.isTorn === true) return undefined
    const last = known?.last ?? 0
    const gone = history.trails.find(jobId, last, position, limit)
    if (gone !== undefined) return gone
    const positions: Array<number> = []
    let job: number | undefined
    for (let at = last; at > position;) {
      const row = yield* records.row(place, at)
      if (row === undefined || row.count === 0) return undefined
      const [number, previous] = [row.job(0), row.previous(0)]
      job ??= number
      const isLink = previous > 0 ? previous < at && number < at : number === at
      if (number === 0 || number !== job || !isLink) return undefined
      positions.push(at)
      at = previous
    }
    positions.reverse()
    // A way that one page holds is not asked for again.
    if (positions.length > limit) history.trails.keep(jobId, { last, above: position, positions })
    return positions.slice(0, limit)
  })

/** At most `limit` records of one job above a position. */
export const along = (
  records: Records,
  place: Place,
  history: History,
  jobId: string,
  position: number,
  limit: number,
  bytes_max = Number.POSITIVE_INFINITY,
): Effect.Effect<Page, ReadFailure> =>
  Effect.gen(function* () {
    const bySearch = searched(records, place, history, jobId, position, limit)
    // One more than asked for tells whether there are more.
    const positions = yield* positionsOf(records, place, history, jobId, position, limit + 1)
    if (positions === undefined) return yield* bySearch
    const { generation, head } = history
    const events: Array<RecordedEvent> = []
    let bytes = 0
    for (const at of positions.slice(0, limit)) {
      const segment = history.segmentOf(at)
      if (segment === undefined) return yield* bySearch
      const record = at - segment.first
      const taken = yield* records.take(place, segment, record, record + 1, "plain")
      for (const event of taken.events) {
        if (event.job_id !== jobId) return yield* bySearch
        events.push(event)
      }
      bytes += taken.bytes
      if (bytes >= bytes_max && at !== positions.at(-1)) return { events, generation, covers: at }
    }
    const covers = positions.length > limit ? (positions[limit - 1] ?? 0) : head
    return { events, generation, covers }
  })
