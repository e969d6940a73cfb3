/**
 * Questions about jobs, answered from the one entity.
 *
 * @module
 */
import type { View } from "@waybill/ledger"
import { Data, Result } from "effect"
import { attemptOf } from "./Attempts.ts"
import type { Payload } from "./Facts.ts"
import { attemptOfJob } from "./Job.ts"
import type { Attempt, Job, Kept } from "./JobEntity.ts"
import type { Check, Failure, TerminalArtifact } from "./Values.ts"

interface Found {
  readonly runId: string
  readonly requestedEventId: string
  readonly request: Payload<"requested">
  /** How many attempts the budget still holds after this one. */
  readonly attemptsLeft: number
}

interface Judged extends Found {
  readonly terminalArtifact: TerminalArtifact
  readonly checks: ReadonlyArray<Check>
  readonly summary?: string
  readonly finalized: Payload<"terminal_finalized">
}

/** Where an attempt stands, with what that status carries. */
export type JobStatus =
  | { readonly status: "missing"; readonly runId: string }
  | ({ readonly status: "running" } & Found)
  | ({ readonly status: "verified"; readonly verdict: Payload<"verified"> } & Judged)
  | ({ readonly status: "verifier_rejected"; readonly verdict: Payload<"verifier_rejected"> } & Judged)
  | ({ readonly status: "failed"; readonly failed: Payload<"failed"> } & Found)
  | ({ readonly status: "reconcile_required"; readonly failure: Failure } & Found)

const judged = (found: Found, attempt: Attempt, terminal: NonNullable<Attempt["terminal"]>): Judged | undefined => {
  const readback = attempt.artifactReadbackVerified?.payload
  const finalized = attempt.terminalFinalized
  if (terminal.kind === "failed" || readback === undefined || finalized === undefined) return undefined
  const { artifactRef, bytes, path, schemaId, sha256 } = readback
  const { checks, summary } = terminal.payload
  return {
    ...found,
    // From what was read back; the join makes it equal to what was finalized.
    terminalArtifact: { artifactRef, path, schemaId, sha256, bytes },
    checks,
    ...(summary === undefined ? {} : { summary }),
    finalized: finalized.payload,
  }
}

const statusOf = (runId: string, attempt: Attempt): JobStatus => {
  const { index, maxAttempts } = attemptOf(attempt.request)
  const found: Found = {
    runId,
    requestedEventId: attempt.requestedEventId,
    request: attempt.request,
    attemptsLeft: Math.max(0, maxAttempts - index),
  }
  const { reconcile, terminal } = attempt
  if (terminal === undefined)
    return reconcile === undefined
      ? { status: "running", ...found }
      : { status: "reconcile_required", failure: reconcile.failure, ...found }
  if (terminal.kind === "failed") return { status: "failed", failed: terminal.payload, ...found }
  const verdict = judged(found, attempt, terminal)
  // A saved entity that was tampered with; the fold itself never accepts a verdict without its join.
  if (verdict === undefined) return { status: "running", ...found }
  return terminal.kind === "verified"
    ? { status: "verified", verdict: terminal.payload, ...verdict }
    : { status: "verifier_rejected", verdict: terminal.payload, ...verdict }
}

/** The job's status: that of its latest accepted attempt. */
export const jobStatus = (view: View<Job>, runId: string): JobStatus => {
  const job = view.get(runId)
  return job === undefined ? { status: "missing", runId } : statusOf(runId, job.current)
}

const attemptAt = (job: Job | undefined, requestedEventId: string): Attempt | undefined =>
  job === undefined ? undefined : attemptOfJob(job, requestedEventId)

/** The status of one attempt of a run, whatever later attempts came to. */
export const attemptStatus = (view: View<Job>, runId: string, requestedEventId: string): JobStatus => {
  const attempt = attemptAt(view.get(runId), requestedEventId)
  return attempt === undefined ? { status: "missing", runId } : statusOf(runId, attempt)
}

/** Who first asked under an idempotency key, across all runs. */
export type KeyHolder =
  | { readonly status: "missing"; readonly idempotencyKey: string }
  | {
      readonly status: "found"
      readonly idempotencyKey: string
      readonly runId: string
      readonly requestedEventId: string
      readonly request: Payload<"requested">
    }

/** Looks a job up by an attempt's idempotency key. A request that was no attempt (a broken chain, an id twice) is not found. */
export const byIdempotencyKey = (view: View<Job>, idempotencyKey: string): KeyHolder => {
  const holder = view.holder("workspace_job.requested", idempotencyKey)
  const attempt = holder === undefined ? undefined : attemptAt(view.get(holder.job_id), holder.event_id)
  if (holder === undefined || attempt?.request.idempotencyKey !== idempotencyKey)
    return { status: "missing", idempotencyKey }
  return {
    status: "found",
    idempotencyKey,
    runId: holder.job_id,
    requestedEventId: attempt.requestedEventId,
    request: attempt.request,
  }
}

/** The first valid fact of each step of the latest attempt. Absent steps are absent keys. */
export type Steps =
  | { readonly status: "missing"; readonly runId: string }
  | {
      readonly status: "found"
      readonly runId: string
      readonly requestedEventId: string
      readonly request: Payload<"requested">
      readonly seedWritten?: Kept<Payload<"seed_written">>
      readonly agentStarted?: Kept<Payload<"agent_started">>
      readonly terminalBuildAttempted?: Kept<Payload<"terminal_build_attempted">>
      readonly artifactWritten?: Kept<Payload<"artifact_written">>
      readonly artifactReadbackVerified?: Kept<Payload<"artifact_readback_verified">>
      readonly terminalFinalized?: Kept<Payload<"terminal_finalized">>
    }

/** How far the latest attempt of a run has come. */
export const jobSteps = (view: View<Job>, runId: string): Steps => {
  const attempt = view.get(runId)?.current
  if (attempt === undefined) return { status: "missing", runId }
  const written = attempt.artifactWritten
  const finalized = attempt.terminalFinalized ?? attempt.finalizedEarly?.[0]
  const { agentStarted, artifactReadbackVerified, request, requestedEventId, seedWritten } = attempt
  const { terminalBuildAttempted } = attempt
  return {
    status: "found",
    runId,
    requestedEventId,
    request,
    ...(seedWritten === undefined ? {} : { seedWritten }),
    ...(agentStarted === undefined ? {} : { agentStarted }),
    ...(terminalBuildAttempted === undefined ? {} : { terminalBuildAttempted }),
    ...(written === undefined ? {} : { artifactWritten: written }),
    ...(artifactReadbackVerified === undefined ? {} : { artifactReadbackVerified }),
    ...(finalized === undefined ? {} : { terminalFinalized: finalized }),
  }
}

/** The job holds nothing that may be delivered. */
export class NotDeliverable extends Data.TaggedError("NotDeliverable")<{
  readonly runId: string
  readonly status: JobStatus["status"]
}> {
  override get message(): string {
    return `job ${JSON.stringify(this.runId)} is ${this.status}; only a verified artifact is delivered`
  }
}

/** The one thing that may be delivered: the artifact of a verified job. A rejected artifact is for repair and diagnosis. */
export const deliverable = (job: JobStatus): Result.Result<TerminalArtifact, NotDeliverable> =>
  job.status === "verified"
    ? Result.succeed(job.terminalArtifact)
    : Result.fail(new NotDeliverable({ runId: job.runId, status: job.status }))
