/**
 * JobSpec v0 over a registry of job types: the queue, its read models and their documents, bound together.
 *
 * @module
 */
import { consumerSnapshot, type ConsumerSnapshot, type ConsumerViews, type Resources, resources } from "./Consumer.ts"
import { type JobType, JobTypes } from "./JobTypes.ts"
import type { Projection } from "@waybill/ledger"
import type { JobSpecFact } from "./Events.ts"
import { type JobEntity, makeJobs } from "./JobProjection.ts"
import { ProjectionStates, type Staleness } from "./Manifests.ts"
import {
  projectionSet,
  type ProjectionSet,
  type Reading,
  statusDocument,
  type StatusDocument,
  type Views,
} from "./ProjectionSet.ts"
import { makeQueue, type Queue } from "./Queue.ts"
import type { QueueJob } from "./QueueJob.ts"
import { type ScheduleEntity, Schedules, type ScheduleTemplate } from "./Schedules.ts"
import { makeScheduling, refuseTemplate, type Scheduling } from "./Scheduling.ts"

export interface JobSpecOptions {
  /** Job types beside the contract's fourteen. */
  readonly jobTypes?: ReadonlyArray<JobType>
  /** Codes a worker may fail a job with beside the contract's nine. */
  readonly failureCodes?: ReadonlyArray<string>
  /** What is wrong with a schedule's cron expression, or `undefined`; without it, any text is taken. */
  readonly refuseCron?: (expression: string) => string | undefined
}

/** JobSpec v0 bound to a registry. */
export interface JobSpec {
  readonly jobTypes: JobTypes
  /** The decider; give it to `ledger.transact`. */
  readonly queue: Queue
  /** The decider for schedules. */
  readonly scheduling: Scheduling
  /** Why there can be no such schedule, or `undefined`. A ledger may hold one all the same: another registry took it. */
  readonly refuseSchedule: (template: Partial<ScheduleTemplate>) => string | undefined
  /** What the documents are folded from; give them to `ledger.queryAll`, so that they are of one position. */
  readonly projections: {
    readonly queue: Projection.Projection<QueueJob, JobSpecFact>
    readonly jobs: Projection.Projection<JobEntity, JobSpecFact>
    readonly states: Projection.Projection<Staleness, JobSpecFact>
    readonly schedules: Projection.Projection<ScheduleEntity, JobSpecFact>
  }
  /** The answer of `/v1/status` (JobSpec v0 §3.3). */
  readonly status: (views: Views, reading: Reading) => StatusDocument
  readonly projectionSet: (views: Views, reading: Reading) => ProjectionSet
  /** The answer of the consumer's `snapshot/latest` (JobSpec v0 §13). */
  readonly consumerSnapshot: (views: ConsumerViews, reading: Reading) => ConsumerSnapshot<Resources>
  /** The consumer's three lists. */
  readonly resources: (views: Pick<ConsumerViews, "jobs">) => Resources
}

/**
 * Binds everything to one registry. Make it once per process: a ledger keeps the folded state of each projection it has
 * been asked for, and two bindings are two states. Throws `TypeError` for a job type that is named badly or twice.
 *
 * @example
 * import { JobSpec } from "@waybill/jobspec"
 *
 * const jobspec = JobSpec.make({ jobTypes: [{ name: "report.build", payload: { pages: "int" } }] })
 */
export const make = ({ failureCodes = [], jobTypes = [], refuseCron }: JobSpecOptions = {}): JobSpec => {
  const types = new JobTypes(jobTypes)
  const queue = makeQueue({ jobTypes: types, failureCodes })
  const schedulingOptions = { jobTypes: types, ...(refuseCron === undefined ? {} : { refuseCron }) }
  return {
    jobTypes: types,
    queue,
    scheduling: makeScheduling(schedulingOptions),
    refuseSchedule: (template) => refuseTemplate(template, schedulingOptions),
    projections: { queue: queue.projection, jobs: makeJobs(types), states: ProjectionStates, schedules: Schedules },
    status: (views, reading) => statusDocument(views, types, reading),
    projectionSet: (views, reading) => projectionSet(views, types, reading),
    consumerSnapshot: (views, { now_ms, replay }) => consumerSnapshot(views, types, replay, now_ms),
    resources: ({ jobs }) => resources(jobs, types),
  }
}
