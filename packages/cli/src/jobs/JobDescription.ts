/**
 * A job of the ledger as the command contract describes jobs: the one map between the two.
 *
 * | the job                                                    | its descriptor |
 * | ---------------------------------------------------------- | -------------- |
 * | queued, running, waiting for a retry                       | `running`      |
 * | rejected, with attempts left                               | `running`      |
 * | verified, completed                                        | `complete`     |
 * | rejected with none left, failed                            | `failed`       |
 * | cancelled                                                  | `cancelled`    |
 *
 * @module
 */
import type { JobState } from "@waybill/command"
import { type QueueJob, statusAt } from "@waybill/jobspec"
import { foldAll, formatTime, type RecordedEvent } from "@waybill/ledger"
import { jobStatus, Jobs, type JobStatus } from "@waybill/workspace-job"
import { type Addressed, commandAbout, commandLine, runIdFlag } from "../Place.ts"
import { jobSpecOf } from "./JobSpecHere.ts"

/** A job that is older than this and has not ended counts as failed; nothing is written because of it. */
export const job_timeout_ms = 604_800_000
const poll_interval_ms = 1_000

type Status = JobState["descriptor"]["status"]

interface Standing {
  readonly status: Status
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

const failed = (code: string, message: string): Standing => ({ status: "failed", error: { code, message } })

const ofRun = (run: JobStatus): Standing | undefined => {
  switch (run.status) {
    case "missing":
      return undefined
    case "running":
    case "reconcile_required":
      return { status: "running" }
    case "verified": {
      const { bytes, schemaId, sha256 } = run.terminalArtifact
      return { status: "complete", result: { sha256, bytes, schema_id: schemaId } }
    }
    case "verifier_rejected":
      return run.attemptsLeft > 0
        ? { status: "running" }
        : failed("VERIFIER_REJECTED", `The verifier rejected the last attempt: ${run.summary ?? "see the checks"}.`)
    case "failed":
      return failed("JOB_FAILED", `The run ended without a verdict: ${run.failed.failure.code}.`)
  }
}

/** A status of the queue as a descriptor has it. */
export const queueStatus = (status: string): Status =>
  status === "completed" ? "complete" : status === "cancelled" || status === "failed" ? status : "running"

const ofQueue = (job: QueueJob): Standing => {
  const status = queueStatus(job.status)
  if (status === "complete") return { status, result: { artifacts: job.artifacts ?? {} } }
  if (status !== "failed") return { status }
  const { code = "job_failed", message = "" } = job.failure ?? {}
  return failed("JOB_FAILED", `The job failed: ${code}${message === "" ? "" : `, ${message}`}.`)
}

/** What the facts of one job come to. */
export interface JobReading {
  readonly queue: QueueJob | undefined
  readonly run: JobStatus
  /** Milliseconds since the epoch, of the first fact. */
  readonly began_ms: number
}

/** Folds one job's stream; `undefined` for a job that nobody asked for. */
export const readJob = (jobId: string, events: ReadonlyArray<RecordedEvent>): JobReading | undefined => {
  const queue = foldAll(jobSpecOf().projections.queue, events).get(jobId)
  const run = jobStatus(foldAll(Jobs, events), jobId)
  const isQueued = queue !== undefined && (queue.created_at !== undefined || ofQueue(queue).status !== "running")
  if (!isQueued && run.status === "missing") return undefined
  const [first] = events
  return { queue: isQueued ? queue : undefined, run, began_ms: Date.parse(first?.occurred_at ?? "") || 0 }
}

const standingOf = ({ began_ms, queue, run }: JobReading, now_ms: number): Standing => {
  const own = ofRun(run)
  const queued = queue === undefined ? undefined : ofQueue(queue)
  // The queue alone knows that a job was called off; of every other end, what was settled says more.
  const isOwn = own !== undefined && own.status !== "running" && queued?.status !== "cancelled"
  const standing = isOwn ? own : (queued ?? own ?? { status: "running" as const })
  return standing.status === "running" && now_ms - began_ms > job_timeout_ms
    ? failed("JOB_TIMEOUT", `The job is older than ${job_timeout_ms} ms and has not ended.`)
    : standing
}

/** The calls that ask about a job and end it, from anywhere. They name exactly this one, quoted where a shell needs that. */
export const jobCommands = (jobId: string, place: Addressed) => ({
  status_command: commandAbout(jobId, place, "job", "status"),
  cancel_command: commandAbout(jobId, place, "job", "cancel"),
  poll_interval_ms,
  timeout_ms: job_timeout_ms,
})

/** What a job waits for whose worker is gone; its descriptor says no more than that it has not ended. */
const idleOf = (jobId: string, { queue, run }: JobReading, place: Addressed, now_ms: number): JobState["idle"] => {
  if (queue === undefined || statusAt(queue, now_ms) !== "retry_waiting") return undefined
  const cancel = `or call it off with: ${commandAbout(jobId, place, "job", "cancel")}`
  const type = queue.unknown_job_type ?? queue.job_type
  const goOn =
    run.status === "missing"
      ? `A worker takes it up again: ${commandLine(place, "work", "--type", type, "--", "COMMAND")}`
      : `Make the same settle call again, with ${runIdFlag(jobId)}: it goes on from there`
  return {
    message: `The job ${jobId} has not ended, and nobody works on it now.`,
    suggestion: `${goOn}; ${cancel}`,
  }
}

/** Where a job stands, as `job status` answers it. */
export const jobState = (jobId: string, reading: JobReading, place: Addressed, now_ms: number): JobState => {
  const { error, result, status } = standingOf(reading, now_ms)
  const { queue, run } = reading
  const idle = idleOf(jobId, reading, place, now_ms)
  return {
    descriptor: {
      job_id: jobId,
      status,
      ...jobCommands(jobId, place),
      ...(queue === undefined
        ? {}
        : { job_type: queue.unknown_job_type ?? queue.job_type, queue_status: statusAt(queue, now_ms) }),
      ...(run.status === "missing" ? {} : { run_status: run.status }),
      created_at: formatTime(reading.began_ms),
    },
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
    ...(idle === undefined || status !== "running" ? {} : { idle }),
  }
}

/** Whether more records could make another answer of it: nothing is known of the job, or no end. That it is old is no end. */
export const isUnsettled = (state: JobState | undefined): boolean =>
  state === undefined || state.descriptor.status === "running" || state.error?.code === "JOB_TIMEOUT"

/** Whether nobody works on the job any more. One that was called off has ended before whoever is at its attempt has let go of it. */
export const isOver = ({ descriptor: { run_status, status } }: JobState): boolean =>
  status !== "running" && !(status === "cancelled" && run_status === "running")
