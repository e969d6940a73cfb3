/**
 * A job of the queue as it is served, with what only the time tells (JobSpec v0 §10.6, §11).
 *
 * @module
 */
import type { JsonObject, View } from "@waybill/ledger"
import type { JobFailure, Refs, Texts } from "./EventFields.ts"
import { isHeld, type QueueJob, type Status } from "./QueueJob.ts"
import { List } from "./WireDocument.ts"
import { shownToken } from "./shownToken.ts"

export interface FailureDocument {
  readonly code: string
  readonly message?: string
  readonly retryable?: boolean
}

export interface QueueJobState {
  readonly job_id: string
  readonly job_type: string
  readonly request_id: string
  readonly request_ids?: ReadonlyArray<string>
  readonly status: Status
  readonly idempotency_key?: string
  readonly attempt: number
  readonly max_attempts: number
  /** The SHA-256 of the token. */
  readonly claim_token?: string
  readonly lease_epoch?: number
  readonly lease_expires_at?: string
  readonly retry_exhausted?: boolean
  readonly failure?: FailureDocument
  readonly artifacts?: Texts
  readonly artifact_refs?: Refs
  readonly projection_targets?: ReadonlyArray<string>
  readonly payload?: JsonObject
  readonly last_event_id?: string
  readonly created_at?: string
  readonly updated_at?: string
}

/** `{ [name]: value }`, or nothing where the value counts as empty: keys of the contract that are omitted when empty. */
export const unlessEmpty = <K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } => {
  const isEmpty =
    value === undefined ||
    value === null ||
    value === "" ||
    value === 0 ||
    value === false ||
    (typeof value === "object" && Object.keys(value).length === 0)
  return (isEmpty ? {} : { [name]: value }) as { readonly [P in K]?: V }
}

export const failureDocument = ({ code, message, retryable }: JobFailure): FailureDocument => ({
  code,
  ...unlessEmpty("message", message),
  ...unlessEmpty("retryable", retryable),
})

/** Whether the job runs under a lease that has passed: then it waits for its next worker, though no event says so. */
export const isLapsed = (job: QueueJob, now_ms: number): boolean => job.status === "running" && !isHeld(job, now_ms)

/** The job's status at a time: a running job whose lease has passed is `retry_waiting`. */
export const statusAt = (job: QueueJob, now_ms: number): Status =>
  isLapsed(job, now_ms) ? "retry_waiting" : job.status

/** The type that the job's facts name, known to this registry or not; empty where they name none. */
export const typeShown = ({
  job_type,
  unknown_job_type = "",
}: Pick<QueueJob, "job_type" | "unknown_job_type">): string => (job_type === "" ? unknown_job_type : job_type)

/** The job as `/v1/status` shows it at `now_ms` (milliseconds since the epoch). */
export const queueJobState = (job: QueueJob, now_ms: number): QueueJobState => ({
  job_id: job.job_id,
  job_type: typeShown(job),
  request_id: job.request_id,
  ...unlessEmpty("request_ids", job.request_ids),
  status: statusAt(job, now_ms),
  ...unlessEmpty("idempotency_key", job.idempotency_key),
  attempt: job.attempt,
  max_attempts: job.max_attempts,
  ...unlessEmpty("claim_token", job.claim_token && shownToken(job.claim_token)),
  ...unlessEmpty("lease_epoch", job.lease_epoch),
  ...unlessEmpty("lease_expires_at", job.lease_expires_at),
  ...unlessEmpty("retry_exhausted", isLapsed(job, now_ms) && job.attempt >= job.max_attempts),
  ...unlessEmpty("failure", job.failure === undefined ? undefined : failureDocument(job.failure)),
  ...unlessEmpty("artifacts", job.artifacts),
  ...unlessEmpty("artifact_refs", job.artifact_refs),
  ...unlessEmpty("projection_targets", job.projection_targets),
  ...unlessEmpty("payload", job.payload),
  ...unlessEmpty("last_event_id", job.last_event_id),
  ...unlessEmpty("created_at", job.created_at),
  ...unlessEmpty("updated_at", job.updated_at),
})

export interface QueueSnapshot {
  readonly jobs: List<QueueJobState>
  readonly last_event_id?: string
}

/**
 * The whole queue (JobSpec v0 §3.3): every job whose facts name a type, in the order of first events. It keeps the jobs as they are
 * now, whatever the ledger does next; each is written out when it is looked at.
 */
export const queueSnapshot = (queue: View<QueueJob>, now_ms: number): QueueSnapshot => ({
  jobs: List.from(
    queue.entries(),
    (job) => typeShown(job) !== "",
    (job) => queueJobState(job, now_ms),
  ),
  ...unlessEmpty("last_event_id", queue.lastEventId),
})
