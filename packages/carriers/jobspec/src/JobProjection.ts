/**
 * A job as the read models see it: without lease, attempt and payload, and without a clock (JobSpec v0 §12.3).
 *
 * It differs from the queue's view on purpose of the contract: what comes after the end still moves the last event, the
 * time and the artifacts; status, result and failure stand.
 *
 * @module
 */
import { Projection, type View } from "@waybill/ledger"
import { Schema } from "effect"
import { addMade, addRequestId, failureOf, type Refs, asTargets, asText, type Texts } from "./EventFields.ts"
import { JobSpecEvents, type JobSpecFact } from "./Events.ts"
import type { Family, JobTypes } from "./JobTypes.ts"
import { isTerminal, QueueJob, Status } from "./QueueJob.ts"
import { type FailureDocument, failureDocument, typeShown, unlessEmpty } from "./QueueJobState.ts"

const ResultStatus = Schema.Literals(["succeeded", "failed", "cancelled"])
export type ResultStatus = typeof ResultStatus.Type

const { artifact_refs, artifacts, created_at, failure, job_id, job_type, last_event_id } = QueueJob.fields
const { projection_targets, request_id, request_ids, unknown_job_type, updated_at } = QueueJob.fields

export const JobEntity = Schema.Struct({
  job_id,
  job_type,
  unknown_job_type,
  request_id,
  request_ids,
  status: Status,
  result_status: Schema.optional(ResultStatus),
  failure,
  artifacts,
  artifact_refs,
  projection_targets,
  created_at,
  updated_at,
  last_event_id,
})
export type JobEntity = typeof JobEntity.Type
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const none: ReadonlyArray<string> = []

const copyOf = (job: JobEntity | undefined, fact: JobSpecFact): Mutable<JobEntity> => ({
  job_id: fact.job_id,
  job_type: job?.job_type ?? "",
  unknown_job_type: job?.unknown_job_type,
  request_id: job?.request_id ?? fact.request_id,
  request_ids: job?.request_ids ?? none,
  status: job?.status ?? "queued",
  result_status: job?.result_status,
  failure: job?.failure,
  artifacts: job?.artifacts,
  artifact_refs: job?.artifact_refs,
  projection_targets: job?.projection_targets ?? none,
  created_at: job?.created_at,
  updated_at: fact.occurred_at,
  last_event_id: fact.event_id,
})

const moved: Readonly<Record<string, { readonly status: Status; readonly result_status?: ResultStatus }>> = {
  "job.accepted": { status: "queued" },
  "job.claimed": { status: "running" },
  "job.heartbeat": { status: "running" },
  "job.lease_expired": { status: "retry_waiting" },
  "job.completed": { status: "completed", result_status: "succeeded" },
  "job.failed": { status: "failed", result_status: "failed" },
  "job.cancelled": { status: "cancelled", result_status: "cancelled" },
}

const evolveWith =
  (types: JobTypes) =>
  (before: JobEntity | undefined, fact: JobSpecFact, _: Projection.Report, isOwn = false): JobEntity | undefined => {
    const { event_type, occurred_at, payload } = fact
    const job: Mutable<JobEntity> = before !== undefined && isOwn ? before : copyOf(before, fact)
    job.request_ids = addRequestId(job.request_ids, fact.request_id, isOwn)
    job.updated_at = occurred_at
    job.last_event_id = fact.event_id
    if (event_type === "job.accepted") job.created_at ??= occurred_at
    const type = asText(payload["job_type"])
    if (type !== undefined) {
      if (types.has(type)) job.job_type = type
      else job.unknown_job_type = type
    }
    const targets = asTargets(payload["projection_targets"])
    if (targets !== undefined) job.projection_targets = targets
    else if (job.projection_targets.length === 0 && job.job_type !== "")
      job.projection_targets = types.targets(job.job_type)
    const made = addMade(job, payload)
    if (made !== job) {
      job.artifacts = made.artifacts
      job.artifact_refs = made.artifact_refs
    }
    const step = isTerminal(job.status) ? undefined : moved[event_type]
    if (step !== undefined) {
      job.status = step.status
      job.result_status = step.result_status
      if (event_type === "job.failed") job.failure = failureOf(payload)
    }
    return job
  }

const unknown_lane = "unknown type"
const familyLane = (family: Family): string => `family ${family}`

/** The read model of jobs: one entity per job that a `job.*` event names. */
export const makeJobs = (types: JobTypes): Projection.Projection<JobEntity, JobSpecFact> =>
  Projection.make({
    name: "jobspec.jobs",
    version: types.version,
    reader: JobSpecEvents,
    entity: JobEntity,
    foldsDuplicates: true,
    key: ({ event_type, job_id: id }: JobSpecFact) => (event_type.startsWith("job.") ? id : undefined),
    evolve: evolveWith(types),
    // For counting alone.
    places: ({ job_type: type, unknown_job_type: unknown }: JobEntity) => {
      const family = types.family(type)
      const from = Number.POSITIVE_INFINITY
      return [
        ...(family === undefined ? [] : [{ lane: familyLane(family), from }]),
        ...(unknown === undefined ? [] : [{ lane: unknown_lane, from }]),
      ]
    },
  })

/** How many jobs each list of the consumer surface has. Costs the same however many jobs there are. */
export const resourceCounts = (jobs: View<JobEntity>) => ({
  runs: jobs.count(familyLane("rpi")) + jobs.count(familyLane("dream")),
  jobs: jobs.size,
  wiki: jobs.count(familyLane("wiki")),
})

/** How many jobs bear a type that nobody registered here: kept, shown, never claimed. */
export const unknownTypes = (jobs: View<JobEntity>): number => jobs.count(unknown_lane)

export interface JobProjection {
  readonly job_id: string
  readonly job_type?: string
  readonly request_id: string
  readonly request_ids?: ReadonlyArray<string>
  readonly status: Status
  readonly result_status?: ResultStatus
  readonly failure?: FailureDocument
  readonly artifacts?: Texts
  readonly artifact_refs?: Refs
  readonly projection_targets?: ReadonlyArray<string>
  readonly created_at?: string
  readonly updated_at?: string
  readonly last_event_id?: string
}

/** The job as projections show it. */
export const jobProjection = (job: JobEntity): JobProjection => ({
  job_id: job.job_id,
  ...unlessEmpty("job_type", typeShown(job)),
  request_id: job.request_id,
  ...unlessEmpty("request_ids", job.request_ids),
  status: job.status,
  ...unlessEmpty("result_status", job.result_status),
  ...unlessEmpty("failure", job.failure === undefined ? undefined : failureDocument(job.failure)),
  ...unlessEmpty("artifacts", job.artifacts),
  ...unlessEmpty("artifact_refs", job.artifact_refs),
  ...unlessEmpty("projection_targets", job.projection_targets),
  ...unlessEmpty("created_at", job.created_at),
  ...unlessEmpty("updated_at", job.updated_at),
  ...unlessEmpty("last_event_id", job.last_event_id),
})
