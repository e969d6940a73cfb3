/**
 * A job as the queue sees it, folded from its events (JobSpec v0 §11).
 *
 * @module
 */
import { type JsonObject, parseTime, Projection, refuseJobId, reserved_job_ids } from "@waybill/ledger"
import { Schema } from "effect"
import {
  addMade,
  addRequestId,
  asksForArtifact,
  failureOf,
  asObject,
  asTargets,
  asText,
  asWhole,
} from "./EventFields.ts"
import { JobSpecEvents, type JobSpecFact } from "./Events.ts"
import type { JobTypes } from "./JobTypes.ts"

export const max_attempts_default = 3

/**
 * An object out of a line. A saved job was JSON before it was an entity again, so a look at its outside is enough; a million
 * payloads walked through would take longer than folding them anew.
 */
const Parsed = Schema.Record(Schema.String, Schema.Unknown) as Schema.Codec<JsonObject>

const Failure = Schema.Struct({ code: Schema.String, message: Schema.String, retryable: Schema.Boolean })
export const Status = Schema.Literals(["queued", "running", "retry_waiting", "completed", "failed", "cancelled"])
export type Status = typeof Status.Type

/** The queue's state of a job. What was never told is `undefined`. */
export const QueueJob = Schema.Struct({
  job_id: Schema.String,
  /** Of the first event. */
  request_id: Schema.String,
  request_ids: Schema.Array(Schema.String),
  /** A registered type, or empty: then the job is neither shown nor claimed. */
  job_type: Schema.String,
  /** A type that nobody registered here. */
  unknown_job_type: Schema.optional(Schema.String),
  status: Status,
  idempotency_key: Schema.optional(Schema.String),
  attempt: Schema.Int,
  max_attempts: Schema.Int,
  claim_token: Schema.optional(Schema.String),
  lease_epoch: Schema.Int,
  lease_expires_at: Schema.optional(Schema.String),
  failure: Schema.optional(Failure),
  artifacts: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  artifact_refs: Schema.optional(Schema.Record(Schema.String, Parsed)),
  projection_targets: Schema.Array(Schema.String),
  payload: Parsed,
  last_event_id: Schema.String,
  /** Set by the first acceptance: without it, the job is only talked about. */
  created_at: Schema.optional(Schema.String),
  updated_at: Schema.String,
  /** Where the job's first event stands; jobs are tried in this order. */
  first_position: Schema.Int,
})
export type QueueJob = typeof QueueJob.Type
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export const isTerminal = (status: Status): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

const nothing: JsonObject = {}
const none: ReadonlyArray<string> = []

// Every field is named, so that all jobs have one shape: a million events make as many of these.
const first = (fact: JobSpecFact): Mutable<QueueJob> => ({
  job_id: fact.job_id,
  request_id: fact.request_id,
  request_ids: none,
  job_type: "",
  unknown_job_type: undefined,
  status: "queued",
  idempotency_key: undefined,
  attempt: 0,
  max_attempts: max_attempts_default,
  claim_token: undefined,
  lease_epoch: 0,
  lease_expires_at: undefined,
  failure: undefined,
  artifacts: undefined,
  artifact_refs: undefined,
  projection_targets: none,
  payload: nothing,
  last_event_id: fact.event_id,
  created_at: undefined,
  updated_at: fact.occurred_at,
  first_position: fact.position,
})

const copyOf = (job: QueueJob): Mutable<QueueJob> => ({
  job_id: job.job_id,
  request_id: job.request_id,
  request_ids: job.request_ids,
  job_type: job.job_type,
  unknown_job_type: job.unknown_job_type,
  status: job.status,
  idempotency_key: job.idempotency_key,
  attempt: job.attempt,
  max_attempts: job.max_attempts,
  claim_token: job.claim_token,
  lease_epoch: job.lease_epoch,
  lease_expires_at: job.lease_expires_at,
  failure: job.failure,
  artifacts: job.artifacts,
  artifact_refs: job.artifact_refs,
  projection_targets: job.projection_targets,
  payload: job.payload,
  last_event_id: job.last_event_id,
  created_at: job.created_at,
  updated_at: job.updated_at,
  first_position: job.first_position,
})

/** What any event may tell of its job. */
const addDetails = (job: Mutable<QueueJob>, payload: JsonObject, types: JobTypes): void => {
  const type = asText(payload["job_type"])
  if (type !== undefined) {
    if (types.has(type)) job.job_type = type
    else job.unknown_job_type = type
  }
  const targets = asTargets(payload["projection_targets"])
  if (targets !== undefined) job.projection_targets = targets
  else if (job.projection_targets.length === 0 && job.job_type !== "")
    job.projection_targets = types.targets(job.job_type)
  job.idempotency_key = asText(payload["idempotency_key"]) ?? job.idempotency_key
  job.payload = asObject(payload["job_payload"]) ?? job.payload
  job.max_attempts = asWhole(payload["max_attempts"]) ?? job.max_attempts
  const made = addMade(job, payload)
  if (made === job) return
  job.artifacts = made.artifacts
  job.artifact_refs = made.artifact_refs
}

/** What the lifecycle events do, each to the job it belongs to. */
const addStep = (job: Mutable<QueueJob>, fact: JobSpecFact, report: Projection.Report): void => {
  const { event_type, payload } = fact
  const epoch = asWhole(payload["lease_epoch"])
  switch (event_type) {
    case "job.accepted":
      // Two acceptances of one job come from a writer without a lock; the contract says that the second queues it anew.
      if (job.created_at !== undefined) report("accepted_again")
      job.created_at ??= fact.occurred_at
      job.status = "queued"
      break
    case "job.claimed":
      if (epoch === undefined || epoch <= job.lease_epoch) report("stale_epoch", `${epoch} after ${job.lease_epoch}`)
      job.status = "running"
      job.claim_token = asText(payload["claim_token"])
      job.lease_epoch = epoch ?? 0
      job.lease_expires_at = asText(payload["lease_expires_at"])
      job.attempt = asWhole(payload["attempt"]) ?? job.attempt
      break
    case "job.heartbeat":
      if (epoch !== undefined && epoch !== job.lease_epoch) report("stale_epoch", `${epoch} beside ${job.lease_epoch}`)
      job.status = "running"
      job.claim_token = asText(payload["claim_token"]) ?? job.claim_token
      job.lease_epoch = epoch ?? job.lease_epoch
      job.lease_expires_at = asText(payload["lease_expires_at"]) ?? job.lease_expires_at
      break
    case "job.lease_expired":
      job.status = "retry_waiting"
      job.claim_token = undefined
      break
    case "job.completed":
      job.status = "completed"
      break
    case "job.failed":
      job.status = "failed"
      job.failure = failureOf(payload)
      break
    case "job.cancelled":
      job.status = "cancelled"
      break
  }
}

const terminal_types: ReadonlySet<string> = new Set(["job.completed", "job.failed", "job.cancelled"])

const evolveWith =
  (types: JobTypes) =>
  (before: QueueJob | undefined, fact: JobSpecFact, report: Projection.Report, isOwn = false): QueueJob | undefined => {
    if (before !== undefined && isTerminal(before.status)) {
      // The first end stands, and nothing after it counts.
      if (fact.event_type.startsWith("job."))
        report(terminal_types.has(fact.event_type) ? "second_terminal" : "after_terminal")
      return undefined
    }
    const job: Mutable<QueueJob> = before === undefined ? first(fact) : isOwn ? before : copyOf(before)
    job.request_ids = addRequestId(job.request_ids, fact.request_id, isOwn)
    job.last_event_id = fact.event_id
    job.updated_at = fact.occurred_at
    addDetails(job, fact.payload, types)
    addStep(job, fact, report)
    return job
  }

/**
 * The first whole millisecond at which the job's lease has ended; `Infinity` for a lease without an end, `-Infinity` for an
 * end that is no time, which counts as past (JobSpec v0 §10.2).
 */
export const leaseEnd_ms = ({ lease_expires_at }: Pick<QueueJob, "lease_expires_at">): number => {
  if (lease_expires_at === undefined) return Number.POSITIVE_INFINITY
  const end = parseTime(lease_expires_at)
  return end === undefined ? Number.NEGATIVE_INFINITY : Number((end + 999_999n) / 1_000_000n)
}

/** Whether the job is held and its lease has not ended. */
export const isHeld = (job: QueueJob, now_ms: number): boolean => job.status === "running" && leaseEnd_ms(job) > now_ms

/**
 * Whether a worker may ever claim the job: it was accepted, its type is known, it has not ended, and the next claim can be
 * written down (its id and its numbers), which ledgers of other writers do not promise.
 */
export const isWork = (job: QueueJob): boolean =>
  job.created_at !== undefined &&
  job.job_type !== "" &&
  !isTerminal(job.status) &&
  job.lease_epoch < Number.MAX_SAFE_INTEGER &&
  job.attempt < Number.MAX_SAFE_INTEGER &&
  refuseJobId(job.job_id) === undefined

/** Where claimable jobs wait: apart by whether they need the data plane, and by type, or of any type. */
export const laneOf = (needsDataPlane: boolean, jobType?: string): string =>
  `${needsDataPlane ? "artifact" : "plain"}${jobType === undefined ? "" : ` ${jobType}`}`

/** Where jobs are counted that wait for nobody who takes any type. */
export const named_lane = "by name"

/** Where a held job is found by the SHA-256 of its token. */
export const heldLane = (token_sha256: string): string => `held ${token_sha256}`

const placesWith =
  (types: JobTypes) =>
  (job: QueueJob): ReadonlyArray<Projection.Place> => {
    if (!isWork(job)) return []
    const from = job.status === "running" ? leaseEnd_ms(job) : Number.NEGATIVE_INFINITY
    const needsDataPlane = asksForArtifact(job.payload)
    return [
      { lane: types.isClaimedByName(job.job_type) ? named_lane : laneOf(needsDataPlane), from },
      { lane: laneOf(needsDataPlane, job.job_type), from },
      ...(job.status === "running" && job.claim_token !== undefined
        ? [{ lane: heldLane(job.claim_token), from: Number.NEGATIVE_INFINITY }]
        : []),
    ]
  }

/** The queue: one entity per job, in the order of each job's first event. */
export const makeQueueJobs = (types: JobTypes): Projection.Projection<QueueJob, JobSpecFact> =>
  Projection.make({
    name: "jobspec.queue",
    version: types.version,
    reader: JobSpecEvents,
    entity: QueueJob,
    // A ledger of the reference daemon may hold one key twice; both jobs are there.
    foldsDuplicates: true,
    key: ({ event_type, job_id }: JobSpecFact) =>
      event_type.startsWith("projection.") || reserved_job_ids.has(job_id) ? undefined : job_id,
    evolve: evolveWith(types),
    places: placesWith(types),
  })
