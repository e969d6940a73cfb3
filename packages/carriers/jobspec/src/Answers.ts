/**
 * What a command's caller is told, from the facts it led to and the job as it is now (JobSpec v0 §5).
 *
 * @module
 */
import type { RecordedFact, View } from "@waybill/ledger"
import type { ConsumerViews } from "./Consumer.ts"
import { type ConsumerNames, openclaw_names } from "./ConsumerNames.ts"
import { asText, asWhole, isObject } from "./EventFields.ts"
import { manifestStatus, type ManifestStatus, type Staleness } from "./Manifests.ts"
import type { Submit } from "./QueueCommand.ts"
import type { QueueJob, Status } from "./QueueJob.ts"
import { queueJobState, type QueueJobState, statusAt, unlessEmpty } from "./QueueJobState.ts"
import { degradedReasons, projectionLag, type ProjectionLag, type Replay } from "./Replay.ts"
import { differences, findSubmitted } from "./submission.ts"

/** Recorded facts, as `transact` answers them. */
export type Told = ReadonlyArray<Pick<RecordedFact<string, unknown>, "event_type" | "job_id" | "payload">>

/** What is said of the read models in every answer. */
export interface ProjectionState {
  readonly projection_status: ManifestStatus
  readonly projection_lag: ProjectionLag
  readonly degraded_reasons?: ReadonlyArray<string>
}

export const projectionState = (states: View<Staleness>, replay: Replay): ProjectionState => ({
  projection_status: manifestStatus(states, replay, "daemon-job-status"),
  projection_lag: projectionLag(states, replay),
  ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
})

/** What is said when the fact is durable but the read models could not be read (JobSpec v0 §5.1). */
export const unreadProjectionState = (reason: string): ProjectionState => ({
  projection_status: "degraded",
  projection_lag: { event_count: 0, corrupt_record_count: 0, degraded: false },
  degraded_reasons: [reason],
})

/**
 * The job that a submission led to, whether it is new or was there. `facts` is what `transact` answered; `undefined` when the
 * queue that is asked does not hold the submission yet.
 */
export const submittedJob = (queue: View<QueueJob>, submit: Submit, facts: Told): QueueJob | undefined => {
  const [accepted] = facts
  return accepted === undefined ? findSubmitted(queue, submit) : queue.get(accepted.job_id)
}

/** The answer of `POST /v1/jobs`. */
export interface SubmitAnswer extends ProjectionState {
  readonly accepted: true
  readonly request_id: string
  readonly job_id: string
  readonly status: Status
  readonly last_event_id?: string
  readonly idempotency_key?: string
  /** Beyond the contract: how a repeated submission differs from the job it found. Absent when it does not. */
  readonly differs?: ReadonlyArray<"job_type" | "payload">
}

export const submitAnswer = (job: QueueJob, submit: Submit, state: ProjectionState, now_ms: number): SubmitAnswer => ({
  accepted: true,
  request_id: job.request_id,
  job_id: job.job_id,
  status: statusAt(job, now_ms),
  ...unlessEmpty("last_event_id", job.last_event_id),
  projection_status: state.projection_status,
  projection_lag: state.projection_lag,
  ...unlessEmpty("degraded_reasons", state.degraded_reasons),
  ...unlessEmpty("idempotency_key", job.idempotency_key),
  ...unlessEmpty("differs", differences(job, submit)),
})

/** The answer of the consumer's trigger route. */
export interface TriggerAnswer {
  readonly accepted: true
  readonly request_id: string
  readonly job_id: string
  readonly job_type: string
  readonly status: Status
  readonly last_event_id?: string
  readonly snapshot_status: ManifestStatus
  readonly idempotency_key?: string
}

export const triggerAnswer = (
  job: QueueJob,
  { states }: Pick<ConsumerViews, "states">,
  replay: Replay,
  now_ms: number,
  names: ConsumerNames = openclaw_names,
): TriggerAnswer => ({
  accepted: true,
  request_id: job.request_id,
  job_id: job.job_id,
  job_type: job.job_type,
  status: statusAt(job, now_ms),
  ...unlessEmpty("last_event_id", job.last_event_id),
  snapshot_status: manifestStatus(states, replay, names.projection),
  ...unlessEmpty("idempotency_key", job.idempotency_key),
})

export type CancelOutcome =
  | "cancelled"
  | "already_terminal_completed"
  | "already_terminal_failed"
  | "already_terminal_cancelled"

/** The answer of the cancel routes. `cancelled` says whether that is how the job ended. */
export interface CancelAnswer extends ProjectionState {
  readonly cancelled: boolean
  readonly outcome: CancelOutcome
  readonly job: QueueJobState
}

/** `facts` is what `transact` answered: none when the job had ended before. */
export const cancelAnswer = (job: QueueJob, facts: Told, state: ProjectionState, now_ms: number): CancelAnswer => ({
  cancelled: job.status === "cancelled",
  outcome: facts.length > 0 ? "cancelled" : (`already_terminal_${job.status}` as CancelOutcome),
  job: queueJobState(job, now_ms),
  ...state,
})

/** What a claim has given: the hold, but for the token, which only its maker knows. */
export interface Lease {
  readonly job_id: string
  readonly lease_epoch: number
  readonly lease_expires_at: string
  readonly attempt: number
}

/** The lease that a held job is under; see `heldBy`. */
export const leaseOn = ({ attempt, job_id, lease_epoch, lease_expires_at = "" }: QueueJob): Lease => ({
  job_id,
  lease_epoch,
  lease_expires_at,
  attempt,
})

/** The lease among the facts of a claim; `undefined`: nothing waits for this worker, or its token holds a job already. */
export const leaseOf = (facts: Told): Lease | undefined => {
  const claimed = facts.find(({ event_type }) => event_type === "job.claimed")
  if (claimed === undefined || !isObject(claimed.payload)) return undefined
  const { job_id, payload } = claimed
  return {
    job_id,
    lease_epoch: asWhole(payload["lease_epoch"]) ?? 0,
    lease_expires_at: asText(payload["lease_expires_at"]) ?? "",
    attempt: asWhole(payload["attempt"]) ?? 0,
  }
}
