/**
 * Pages of records: upwards, downwards, and along one job.
 *
 * @module
 */
import type { Page, RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import type { History } from "./History.ts"
import type { Making, Place, ReadFailure, Records } from "./Records.ts"

/** At most `limit` readable records from a position up; what a page holds is bounded in bytes too. */
export const above = (
  records: Records,
  place: Place,
  history: History,
  position: number,
  limit: number,
  making: Making,
): Effect.Effect<Page, ReadFailure> =>
  Effect.gen(function* () {
    const { generation, head } = history
    const events: Array<RecordedEvent> = []
    const releases: Array<() => void> = []
    let next = position
    while (next <= head && events.length < limit) {
      const segment = history.segments[history.indexOf(next)]
      if (segment === undefined) break
      next = Math.max(next, segment.first)
      const from = next - segment.first
      const taken = yield* records.take(place, segment, from, from + limit - events.length, making)
      for (const event of taken.events) events.push(event)
      releases.push(taken.release)
      next += taken.looked
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

/** Back along the job's records, from its last. */
const positionsOf = (records: Records, place: Place, history: History, jobId: string, position: number) =>
  Effect.gen(function* () {
    const positions: Array<number> = []
    for (let at = history.jobs.get(jobId)?.last ?? 0; at > position;) {
      positions.push(at)
      at = (yield* records.row(place, at))?.previous(0) ?? 0
    }
    return positions.reverse()
  })

/** At most `limit` records of one job above a position. */
export const along = (
  records: Records,
  place: Place,
  history: History,
  jobId: string,
  position: number,
  limit: number,
): Effect.Effect<Page, ReadFailure> =>
  Effect.gen(function* () {
    const positions = yield* positionsOf(records, place, history, jobId, position)
    const events: Array<RecordedEvent> = []
    for (const at of positions.slice(0, limit)) {
      const segment = history.segmentOf(at)
      if (segment === undefined) continue
      const record = at - segment.first
      events.push(...(yield* records.take(place, segment, record, record + 1, "plain")).events)
    }
    const covers = positions.length > limit ? (positions[limit - 1] ?? 0) : history.head
    return { events, generation: history.generation, covers }
  })
