/**
 * Waits for the end of a job on a server, which holds each question until something has happened.
 *
 * @module
 */
import { CommandError, type Context, type JobState } from "@waybill/command"
import { setTimeout as sleep } from "node:timers/promises"
import { isOver, jobState } from "../jobs/JobDescription.ts"
import { type Client, documentsIn, makeClient } from "./Client.ts"
import { findOnServer } from "./serverJobs.ts"
import type { ServerPlace } from "./ServerPlace.ts"

/** The longest that a server holds a question. */
const held_ms_max = 30_000
/** A server that does not hold questions is not asked more often than this. */
const pause_ms = 1_000
/** No event has this id: what is asked for after it is nothing, and the answer names the last event. */
const nowhere = "waybill-end"

/** How much longer than the waiting itself its requests may take together. */
const answer_ms = 2_000
const timer_ms_max = 2_147_483_647

/** What bounds the requests of a wait; nothing where the wait has no limit. */
const patienceFor = (wait_ms: number): AbortSignal | undefined =>
  Number.isFinite(wait_ms) ? AbortSignal.timeout(Math.min(Math.ceil(wait_ms) + answer_ms, timer_ms_max)) : undefined

const silent = ({ url }: ServerPlace, cause: unknown) =>
  new CommandError({
    exit: "TIMEOUT",
    code: "SERVER_SILENT",
    message: `The server at ${url} did not say where the job stands before --for was over.`,
    suggestion: "Check whether the server is well, or raise --for.",
    cause,
  })

/** Where the job stands when it is over, or when the time is up; `undefined` when nobody asked for it. */
export const waitOnServer = async (
  jobId: string,
  wait_ms: number,
  server: ServerPlace,
  ctx: Context,
): Promise<JobState | undefined> => {
  const patience = patienceFor(wait_ms)
  const bounded: typeof ctx.fetch = (input, init) =>
    ctx.fetch(input, patience === undefined ? init : { ...init, signal: patience })
  const client = makeClient(server, { fetch: bounded, signal: ctx.signal })
  let state: JobState | undefined
  try {
    return await waiting(client, jobId, wait_ms, server, ctx, (seen) => {
      state = seen
    })
  } catch (thrown) {
    if (ctx.signal.aborted || patience?.aborted !== true) throw thrown
    // What it said last still stands; of a server that never answered nothing is known.
    if (state === undefined) throw silent(server, thrown)
    return state
  }
}

const waiting = async (
  client: Client,
  jobId: string,
  wait_ms: number,
  server: ServerPlace,
  ctx: Context,
  tell: (seen: JobState) => void,
): Promise<JobState | undefined> => {
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
      tell(state)
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
