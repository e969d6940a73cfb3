/**
 * The jobs of a server, as `job status`, `job cancel`, `submit` and `list` tell of them.
 *
 * What became of a job is folded here from its facts, as it is for a ledger, so that both say the same.
 *
 * @module
 */
import { type CancelOutcome, CommandError, type Context, type JobState } from "@waybill/command"
import { jobIdSegment } from "@waybill/jobspec"
import { decodeLine, type RecordedEvent } from "@waybill/ledger"
import { Result } from "effect"
import { randomBytes } from "node:crypto"
import { type JobReading, jobCommands, jobState, queueStatus, readJob } from "../jobs/JobDescription.ts"
import { type ListedJob, pageOf } from "../jobs/listJobs.ts"
import type { SubmitWords } from "../jobs/submitJob.ts"
import { commandAbout } from "../Place.ts"
import { type Client, type Document, documentsIn, isDocument, makeClient } from "./Client.ts"
import { strange } from "./refusals.ts"
import type { ServerPlace } from "./ServerPlace.ts"

const textIn = (document: Document, name: string): string | undefined => {
  const value = document[name]
  return typeof value === "string" ? value : undefined
}

/** Documents of events as events. Where an event stands is not told; their order is. */
export const eventsOf = (documents: ReadonlyArray<Document>): ReadonlyArray<RecordedEvent> =>
  documents.flatMap((document, index) => {
    const event = decodeLine(JSON.stringify(document))
    return Result.isSuccess(event) ? [{ ...event.success, position: index + 1 }] : []
  })

/** The facts of one job; a server without a route for them is asked for all. */
const factsOf = async (client: Client, jobId: string): Promise<ReadonlyArray<RecordedEvent>> => {
  const facts = await client.find(`/waybill/v1/jobs/${jobIdSegment(jobId)}/facts`)
  const all = facts ?? (await client.get("/v1/events"))
  return eventsOf(documentsIn(all, "events").filter((event) => event["job_id"] === jobId))
}

/** What the facts of this job come to; `undefined` when nobody asked for it. */
export const findOnServer = async (client: Client, jobId: string): Promise<JobReading | undefined> =>
  readJob(jobId, await factsOf(client, jobId))

/** Where a job stands; `undefined` when nobody asked for it. */
export const askServer = async (jobId: string, server: ServerPlace, ctx: Context): Promise<JobState | undefined> => {
  const found = await findOnServer(makeClient(server, ctx), jobId)
  return found === undefined ? undefined : jobState(jobId, found, server, Date.now())
}

/** Calls a job off in the queue; the worker that has it ends the work. */
export const cancelOnServer = async (
  jobId: string,
  server: ServerPlace,
  ctx: Context,
): Promise<CancelOutcome | undefined> => {
  const client = makeClient(server, ctx)
  const reading = await findOnServer(client, jobId)
  if (reading === undefined) return undefined
  const before = jobState(jobId, reading, server, Date.now())
  if (before.descriptor.status !== "running" && before.error?.code !== "JOB_TIMEOUT")
    return { descriptor: before.descriptor, changed: false }
  if (reading.queue === undefined)
    throw new CommandError({
      exit: "CONFLICT",
      code: "NOT_IN_QUEUE",
      message: `The run ${jobId} is not in the server's queue.`,
      suggestion: `Cancel it where it runs, with: ${commandAbout(jobId, { words: ["--root", "DIR"] }, "job", "cancel")}`,
    })
  await client.post(
    "/v1/jobs/cancel",
    { job_id: jobId, reason: "cancelled by waybill job cancel" },
    "cancel_job",
    "Call it again: a job is cancelled once.",
  )
  const after = await findOnServer(client, jobId)
  const own = { job_id: jobId, ...jobCommands(jobId, server) }
  const isWinding = after?.run.status === "running"
  return { descriptor: { ...own, status: isWinding ? "running" : "cancelled" }, changed: true }
}

/** Submits; the same key or id again finds the job that is there. */
export const submitToServer = async (words: SubmitWords, server: ServerPlace, ctx: Context): Promise<object> => {
  const { key, payload, type, "job-id": job_id } = words
  if (words["max-attempts"] !== undefined)
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "MAX_ATTEMPTS_LOCAL",
      message: "A server sets --max-attempts itself.",
      fix_required: "Leave --max-attempts out.",
    })
  const client = makeClient(server, ctx)
  const request_id = `waybill-${randomBytes(8).toString("hex")}`
  const again =
    key === undefined && job_id === undefined
      ? "See whether it is there with: waybill list; next time give --key, and the same call can be made again."
      : "Make the same call again: under one key or id there is one job."
  const answer = await client.post(
    "/v1/jobs",
    {
      job_type: type,
      payload,
      request_id,
      ...(job_id === undefined ? {} : { job_id }),
      ...(key === undefined ? {} : { idempotency_key: key }),
    },
    "submit_job",
    again,
  )
  const [id, status, differs] = [textIn(answer, "job_id"), textIn(answer, "status"), answer["differs"]]
  if (id === undefined || status === undefined) throw strange(server, "answered a submission without a job")
  if (Array.isArray(differs) && differs.length > 0)
    throw new CommandError({
      exit: "CONFLICT",
      code: "IDEMPOTENCY_CONFLICT",
      message: `The key or the id stands for the job ${id}, which has another ${differs.join(" and another ")}.`,
      fix_required: "Use a new --key, or a new --job-id, for new work.",
    })
  return {
    job_id: id,
    // A repeated submission may find a job that has ended, and its descriptor says so.
    status: queueStatus(status),
    ...jobCommands(id, server),
    job_type: type,
    queue_status: status,
    effect: textIn(answer, "request_id") === request_id ? "created" : "noop",
  }
}

const listed = (job: Document): ReadonlyArray<ListedJob> => {
  const [job_id, status] = [textIn(job, "job_id"), textIn(job, "status")]
  if (job_id === undefined || status === undefined) return []
  const { failure } = job
  const message = isDocument(failure) ? (textIn(failure, "message") ?? textIn(failure, "code")) : undefined
  return [{ job_id, status: queueStatus(status), type: textIn(job, "job_type") ?? "", detail: message ?? status }]
}

/** The jobs in the server's queue, a page at a time. */
export const listOnServer = async (status: string | undefined, server: ServerPlace, ctx: Context) => {
  const { queue } = await makeClient(server, ctx).get("/v1/status")
  const jobs = (isDocument(queue) ? documentsIn(queue, "jobs") : []).flatMap(listed)
  return pageOf(
    jobs.filter((job) => status === undefined || job.status === status),
    ctx,
  )
}
