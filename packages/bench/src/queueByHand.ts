/**
 * The queue view as somebody would write it who needs nothing else: one loop, one `Map`, jobs changed in place.
 *
 * It keeps what JobSpec v0 §11 keeps of a job and knows nothing of anomalies, checkpoints, claimable jobs or other vocabularies.
 *
 * @module
 */
import type { JobTypes } from "@waybill/jobspec"
import type { Evolve } from "./eventStorePeers.ts"
import type { Json, JsonObject, RecordedEvent } from "@waybill/ledger"

type QueueEvent = Pick<
  RecordedEvent,
  "job_id" | "event_id" | "event_type" | "request_id" | "occurred_at" | "position" | "payload"
>

export interface Job {
  type: string
  status: string
  readonly request_ids: Array<string>
  readonly first_position: number
  attempt: number
  max_attempts: number
  token: string | undefined
  epoch: number
  lease: string | undefined
  failure: JsonObject | undefined
  artifacts: JsonObject | undefined
  targets: ReadonlyArray<Json>
  idempotency_key: string | undefined
  payload: JsonObject
  last_event_id: string
  created_at: string | undefined
  updated_at: string
}
export type Jobs = Map<string, Job>

const nothing: JsonObject = {}
const text = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined)
const whole = (value: Json | undefined): number | undefined => (typeof value === "number" ? value : undefined)
const object = (value: Json | undefined): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

const firstOf = ({ event_id, occurred_at, position }: QueueEvent): Job => ({
  type: "",
  status: "queued",
  request_ids: [],
  first_position: position,
  attempt: 0,
  max_attempts: 3,
  token: undefined,
  epoch: 0,
  lease: undefined,
  failure: undefined,
  artifacts: undefined,
  targets: [],
  idempotency_key: undefined,
  payload: nothing,
  last_event_id: event_id,
  created_at: undefined,
  updated_at: occurred_at,
})

const hasEnded = ({ status }: Job): boolean => status === "completed" || status === "failed" || status === "cancelled"

/** Folds one event into the queue. */
export const foldByHand = (jobs: Jobs, event: QueueEvent, types: JobTypes): void => {
  let job = jobs.get(event.job_id)
  if (job === undefined) jobs.set(event.job_id, (job = firstOf(event)))
  else if (hasEnded(job)) return
  change(job, event, types)
}

/** The same as a reducer that answers a new state, as event stores want it. */
export const evolveByHand =
  (types: JobTypes): Evolve<Job> =>
  (before, event) => {
    if (before !== undefined && hasEnded(before)) return before
    const job = before === undefined ? firstOf(event) : { ...before, request_ids: [...before.request_ids] }
    change(job, event, types)
    return job
  }

const change = (job: Job, event: QueueEvent, types: JobTypes): void => {
  const { event_type, payload } = event
  if (!job.request_ids.includes(event.request_id)) job.request_ids.push(event.request_id)
  job.last_event_id = event.event_id
  job.updated_at = event.occurred_at
  const type = text(payload["job_type"])
  if (type !== undefined && types.has(type)) job.type = type
  const targets = payload["projection_targets"]
  if (Array.isArray(targets)) job.targets = targets as ReadonlyArray<Json>
  else if (job.targets.length === 0 && job.type !== "") job.targets = types.targets(job.type)
  job.idempotency_key = text(payload["idempotency_key"]) ?? job.idempotency_key
  job.payload = object(payload["job_payload"]) ?? job.payload
  job.max_attempts = whole(payload["max_attempts"]) ?? job.max_attempts
  const artifacts = object(payload["artifacts"])
  if (artifacts !== undefined) job.artifacts = { ...job.artifacts, ...artifacts }
  switch (event_type) {
    case "job.accepted":
      job.created_at ??= event.occurred_at
      job.status = "queued"
      break
    case "job.claimed":
      job.status = "running"
      job.token = text(payload["claim_token"])
      job.epoch = whole(payload["lease_epoch"]) ?? 0
      job.lease = text(payload["lease_expires_at"])
      job.attempt = whole(payload["attempt"]) ?? job.attempt
      break
    case "job.heartbeat":
      job.status = "running"
      job.token = text(payload["claim_token"]) ?? job.token
      job.epoch = whole(payload["lease_epoch"]) ?? job.epoch
      job.lease = text(payload["lease_expires_at"]) ?? job.lease
      break
    case "job.lease_expired":
      job.status = "retry_waiting"
      job.token = undefined
      break
    case "job.completed":
      job.status = "completed"
      break
    case "job.failed":
      job.status = "failed"
      job.failure = object(payload["failure"])
      break
    case "job.cancelled":
      job.status = "cancelled"
      break
  }
}
