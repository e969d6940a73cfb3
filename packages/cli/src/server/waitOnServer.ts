/**
 * Waits for the end of a job on a server, which holds each question until something has happened.
 *
 * @module
 */
import type { Context, JobState } from "@waybill/command"
import { setTimeout as sleep } from "node:timers/promises"
import { isOver, jobState } from "../jobs/JobDescription.ts"
import { documentsIn, makeClient } from "./Client.ts"
import { findOnServer } from "./serverJobs.ts"
import type { ServerPlace } from "./ServerPlace.ts"

/** The longest that a server holds a question. */
const held_ms_max = 30_000
/** A server that does not hold questions is not asked more often than this. */
const pause_ms = 1_000
/** No event has this id: what is asked for after it is nothing, and the answer names the last event. */
const nowhere = "waybill-end"

/** Where the job stands when it is over, or when the time is up; `undefined` when nobody asked for it. */
export const waitOnServer = async (
  jobId: string,
  wait_ms: number,
  server: ServerPlace,
  ctx: Context,
): Promise<JobState | undefined> => {
  const client = makeClient(server, ctx)
  const until_ms = Date.now() + wait_ms
  const head = await client.get(`/v1/plans/diff?since=${nowhere}&limit=1`)
  let cursor = typeof head["last_event_id"] === "string" ? head["last_event_id"] : ""
  let isNews = true
  let state: JobState | undefined
  for (;;) {
    if (isNews) {
      const found = await findOnServer(client, jobId)
      if (found === undefined) return undefined
      state = jobState(jobId, found, server, Date.now())
    }
    const left_ms = until_ms - Date.now()
    if (state === undefined || isOver(state) || left_ms <= 0) return state
    const asked_ms = Date.now()
    const held_ms = Math.min(held_ms_max, Math.max(1, Math.ceil(left_ms)))
    const since = cursor === "" ? "" : `since=${encodeURIComponent(cursor)}&`
    const answer = await client.get(`/v1/events?${since}limit=1000&wait=${held_ms}ms`)
    const events = documentsIn(answer, "events")
    const last = events.at(-1)?.["event_id"]
    if (typeof last === "string") cursor = last
    isNews = events.some((event) => event["job_id"] === jobId)
    if (events.length === 0 && Date.now() - asked_ms < Math.min(pause_ms, held_ms))
      await sleep(pause_ms, undefined, { signal: ctx.signal })
  }
}
