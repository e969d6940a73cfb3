/**
 * Asks one job's facts, without reading anybody else's.
 *
 * @module
 */
import type { Context, JobState } from "@waybill/command"
import type { RecordedEvent, Store } from "@waybill/ledger"
import { Effect } from "effect"
import { openStore, runOnFiles } from "../Opening.ts"
import { refuseNowhere } from "../Nowhere.ts"
import type { Place } from "../Place.ts"
import { tellDamage } from "../keeping/damage.ts"
import { type JobReading, isUnsettled, jobState, readJob } from "./JobDescription.ts"

const page_records = 1024

/** The facts of one job, in order. Reads nobody else's. */
export const streamOf = (store: Store, jobId: string) =>
  Effect.gen(function* () {
    const found: Array<RecordedEvent> = []
    for (let after = 0; ;) {
      const { covers, events } = yield* store.readStream(jobId, after, page_records)
      found.push(...events)
      // A page may be of records that are damaged, and hold no event.
      if (covers <= after) return found
      after = covers
    }
  })

/** What the facts of this job come to; `undefined` when nobody asked for it. */
export const findJob = (store: Store, jobId: string) =>
  Effect.map(streamOf(store, jobId), (events): JobReading | undefined => readJob(jobId, events))

/**
 * Where a job stands; `undefined` when nobody asked for it. With `tell`, a damaged ledger is refused where it makes the answer
 * uncertain. Of a job that has ended nothing in the rest of the ledger can make another answer, and so the rest is not read.
 */
export const askJob = (
  jobId: string,
  place: Place,
  signal: AbortSignal,
  tell?: Pick<Context, "warn">,
): Promise<JobState | undefined> => {
  if (tell !== undefined) refuseNowhere(place)
  return runOnFiles(
    Effect.gen(function* () {
      const store = yield* openStore(place, "read")
      const found = yield* findJob(store, jobId)
      const state = found === undefined ? undefined : jobState(jobId, found, place, Date.now())
      if (tell !== undefined && isUnsettled(state)) yield* tellDamage(store, true, place, tell)
      return state
    }),
    signal,
  )
}
