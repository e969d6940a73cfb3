/**
 * Waits for the end of a job.
 *
 * @module
 */
import type { Context, JobState } from "@waybill/command"
import { Effect } from "effect"
import { openStore, runOnFiles } from "../Opening.ts"
import { refuseNowhere } from "../Nowhere.ts"
import type { Place } from "../Place.ts"
import { tellDamage } from "../keeping/damage.ts"
import { findJob } from "./askJob.ts"
import { isOver, isUnsettled, jobState } from "./JobDescription.ts"

/** Where the job stands when it is over, or when the time is up; `undefined` when nobody asked for it. */
export const waitForJob = (
  jobId: string,
  wait_ms: number,
  place: Place,
  ctx: Pick<Context, "signal" | "warn">,
): Promise<JobState | undefined> => {
  refuseNowhere(place)
  return runOnFiles(
    Effect.gen(function* () {
      const store = yield* openStore(place, "read")
      const until_ms = Date.now() + wait_ms
      let head = 0
      for (;;) {
        const found = yield* findJob(store, jobId)
        const state = found === undefined ? undefined : jobState(jobId, found, place, Date.now())
        const left_ms = until_ms - Date.now()
        if (state === undefined || isOver(state) || left_ms <= 0) {
          yield* tellDamage(store, isUnsettled(state), place, ctx)
          return state
        }
        const page = yield* store.readBefore(Number.MAX_SAFE_INTEGER, 1)
        head = page.events[0]?.position ?? head
        yield* Effect.timeoutOption(store.waitBeyond(head), Math.min(left_ms, 1_000))
      }
    }),
    ctx.signal,
  )
}
