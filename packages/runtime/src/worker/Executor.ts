/**
 * What does the work of a job.
 *
 * @module
 */
import type { Report } from "@waybill/jobspec"
import { Data, type Effect } from "effect"
import type { ClaimedJob, JobFailed } from "./WorkQueue.ts"

/** The work came to a bad end, and that is the job's end: it is recorded as `job.failed` and not tried again. */
export class WorkFailed extends Data.TaggedError("WorkFailed")<{
  readonly failure: JobFailed
  readonly report?: Report
}> {
  override get message(): string {
    return this.failure.message ?? this.failure.code ?? "the work failed"
  }
}

/**
 * Does the work of one job and answers what it made. It is interrupted when the hold is lost (the job was cancelled, or its
 * lease ran out) and when the worker is asked to end and cannot wait longer; interruption must leave nothing running. As
 * the same job may come again after that, or after a crash, work should be safe to repeat.
 */
export interface Executor<R = never> {
  readonly execute: (job: ClaimedJob) => Effect.Effect<Report, WorkFailed, R>
  /** Called once the work was interrupted because its job has ended meanwhile, which mostly means that it was cancelled. */
  readonly onEnded?: (job: ClaimedJob) => Effect.Effect<void, never, R>
}
