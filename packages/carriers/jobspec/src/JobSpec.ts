/**
 * JobSpec v0 over a registry of job types: the queue, its read models and their documents, bound together.
 *
 * @module
 */
import { consumerSnapshot, type ConsumerSnapshot, type ConsumerViews, type Resources, resources } from "./Consumer.ts"
import { type JobType, JobTypes } from "./JobTypes.ts"
import { makeJobs } from "./JobProjection.ts"
import { ProjectionStates } from "./Manifests.ts"
import {
  projectionSet,
  type ProjectionSet,
  type Reading,
  statusDocument,
  type StatusDocument,
  type Views,
} from "./ProjectionSet.ts"
import { makeQueue } from "./Queue.ts"
import { Schedules } from "./Schedules.ts"

export interface JobSpecOptions {
  /** Job types beside the contract's fourteen. */
  readonly jobTypes?: ReadonlyArray<JobType>
  /** Codes a worker may fail a job with beside the contract's nine. */
  readonly failureCodes?: ReadonlyArray<string>
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
export const make = ({ failureCodes = [], jobTypes = [] }: JobSpecOptions = {}) => {
  const types = new JobTypes(jobTypes)
  const queue = makeQueue({ jobTypes: types, failureCodes })
  return {
    jobTypes: types,
    /** The decider; give it to `ledger.transact`. */
    queue,
    /** What the documents are folded from; give them to `ledger.queryAll`, so that they are of one position. */
    projections: {
      queue: queue.projection,
      jobs: makeJobs(types),
      states: ProjectionStates,
      schedules: Schedules,
    },
    status: (views: Views, reading: Reading): StatusDocument => statusDocument(views, types, reading),
    projectionSet: (views: Views, reading: Reading): ProjectionSet => projectionSet(views, types, reading),
    consumerSnapshot: (views: ConsumerViews, { now_ms, replay }: Reading): ConsumerSnapshot<Resources> =>
      consumerSnapshot(views, types, replay, now_ms),
    resources: (views: Pick<ConsumerViews, "jobs">): Resources => resources(views.jobs, types),
  }
}

/** JobSpec v0 bound to a registry. */
export type JobSpec = ReturnType<typeof make>
