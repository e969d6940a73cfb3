/**
 * The port to a queue, as a worker sees it (JobSpec v0 §10).
 *
 * @module
 */
import type { Abilities, Report } from "@waybill/jobspec"
import type { JsonObject } from "@waybill/ledger"
import { Context, Data, type Effect } from "effect"

/** A job that a worker holds, as it was when it was claimed. */
export interface ClaimedJob {
  readonly job_id: string
  readonly job_type: string
  readonly request_id: string
  readonly idempotency_key?: string
  readonly payload: JsonObject
  /** Rises with every claim of the job, from 1 on. */
  readonly lease_epoch: number
  /** Which attempt of how many this is. */
  readonly attempt: number
  readonly max_attempts: number
}

/** Why a job ended badly. `code` is one of the contract's, or one that the host registered; `request_rejected` by default. */
export interface JobFailed {
  readonly code?: string
  readonly message?: string
  readonly retryable?: boolean
}

/** The queue could not be reached or could not write. Nothing is known to have happened; the same may be asked again. */
export class QueueUnavailable extends Data.TaggedError("QueueUnavailable")<{
  readonly where: string
  readonly cause: unknown
  /** When the queue wants to be asked again at the earliest, where it has said so. */
  readonly retryAfter_ms?: number
}> {
  override get message(): string {
    return `the queue at ${this.where} could not be asked: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/**
 * The hold does not count any more, so the work is to be given up: its result would not be taken. `ended`: the job has ended,
 * mostly because it was cancelled. `taken`: another worker has it. `expired`: the lease ran out.
 */
export class LeaseLost extends Data.TaggedError("LeaseLost")<{
  readonly job_id: string
  readonly lease_epoch: number
  readonly reason: "ended" | "taken" | "expired"
}> {
  override get message(): string {
    const { job_id, lease_epoch, reason } = this
    const why = { ended: "the job has ended", taken: "another worker has the job", expired: "the lease ran out" }[
      reason
    ]
    return `the hold number ${lease_epoch} on ${JSON.stringify(job_id)} is lost: ${why}`
  }
}

/** What a worker reports can never be recorded as it is, such as one that is too large. Nothing was recorded. */
export class ReportRefused extends Data.TaggedError("ReportRefused")<{
  readonly job_id: string
  readonly reason: string
}> {
  override get message(): string {
    return `the report on ${JSON.stringify(this.job_id)} cannot be recorded: ${this.reason}`
  }
}

/**
 * The job cannot be claimed. `missing`: nobody asked for it. `ended`: it has come to its end, or is none that a worker could do.
 * `held`: somebody has it, and its lease has not ended.
 */
export class NotClaimable extends Data.TaggedError("NotClaimable")<{
  readonly job_id: string
  readonly reason: "missing" | "ended" | "held"
}> {
  override get message(): string {
    const why = { missing: "nobody asked for it", ended: "it has ended", held: "somebody has it" }[this.reason]
    return `the job ${JSON.stringify(this.job_id)} cannot be claimed: ${why}`
  }
}

export type HoldError = LeaseLost | QueueUnavailable
export type ReportError = HoldError | ReportRefused

/** A hold on a job: the job, and what its holder may do. The secret that proves the hold stays within. */
export interface Held {
  readonly job: ClaimedJob
  /** Says that the worker is alive: the lease runs anew from now. */
  readonly heartbeat: (lease_ms: number) => Effect.Effect<void, HoldError>
  /** Ends the job well. Asking again after a lost answer is no error. */
  readonly complete: (report: Report) => Effect.Effect<void, ReportError>
  /** Ends the job badly, for good. */
  readonly fail: (failure: JobFailed, report: Report) => Effect.Effect<void, ReportError>
  /** Gives the job back before its lease ends, so that nobody has to wait for that. The attempt counts as used. */
  readonly release: Effect.Effect<void, HoldError>
}

export interface WorkQueueShape {
  /** Claims the first job that waits for this worker; `undefined` where none does. Does not wait. */
  readonly claimNext: (abilities: Abilities, lease_ms: number) => Effect.Effect<Held | undefined, QueueUnavailable>
  /**
   * Like `claimNext`, where that costs next to nothing beside a job's end that is recorded at the same moment: a worker asks so
   * for its next job together with the end of the last one.
   */
  readonly claimAhead?: WorkQueueShape["claimNext"]
  /** Claims this very job. Does not wait. */
  readonly claim: (job_id: string, lease_ms: number) => Effect.Effect<Held, NotClaimable | QueueUnavailable>
  /**
   * Waits until a job may be there for this worker, without asking again and again; may come back too early, never too late.
   * Claims nothing, so it may be interrupted at any time.
   */
  readonly awaitWork: (abilities: Abilities) => Effect.Effect<void, QueueUnavailable>
}

export class WorkQueue extends Context.Service<WorkQueue, WorkQueueShape>()("@waybill/runtime/WorkQueue") {}
