/**
 * The job in the queue that a run is. What ends the run is recorded in one batch with the job's end, and only while the job has
 * none: neither ever says something else than the other.
 *
 * @module
 */
import {
  isTerminal,
  JobNotFound,
  type JobSpec,
  LeaseMismatch,
  type QueueCommand,
  type QueueJob,
  type QueueRefusal,
  type Status,
} from "@waybill/jobspec"
import { Decider, type Fact, type View } from "@waybill/ledger"
import { Data, Effect, Result } from "effect"
import type { ClaimError } from "../worker/ledgerQueue.ts"
import { LeaseLost } from "../worker/WorkQueue.ts"
import type { RunEnd } from "./RunEnd.ts"

/** The job has ended, mostly because it was cancelled: nothing can come of its run any more. */
export class JobHasEnded extends Data.TaggedError("JobHasEnded")<{
  readonly job_id: string
  readonly status: Status
}> {
  override get message(): string {
    return `the job ${JSON.stringify(this.job_id)} has ended: ${this.status}`
  }
}

export type EndRefusal = JobHasEnded | QueueRefusal

/** What goes into one batch with a fact that ends an attempt. */
export interface Beside {
  readonly step: Decider.Step<EndRefusal>
  /** For when the hold did not count any more (`LeaseMismatch`, `LeaseExpired`); succeeds when there is one again. */
  readonly retake: Effect.Effect<void, JobHasEnded | LeaseLost | ClaimError>
}

export interface RunJob {
  /** Asked before each fact that ends an attempt. `end`: what the run comes to by it; `undefined` where it goes on. */
  readonly beside: (end: RunEnd | undefined) => Effect.Effect<Beside>
}

/** What is asked of a job that is held under this epoch; without a command, nothing but that it still is. */
interface Asked {
  readonly job_id: string
  readonly lease_epoch: number
  readonly command?: QueueCommand | undefined
}

type Decided = Result.Result<ReadonlyArray<Fact<string, unknown>>, EndRefusal>

const asHolder = ({ queue }: JobSpec.JobSpec) =>
  Decider.make({
    name: "settlement.as_holder",
    projection: queue.projection,
    decide: (jobs: View<QueueJob>, { command, job_id, lease_epoch }: Asked): Decided => {
      const job = jobs.get(job_id)
      if (job === undefined) return Result.fail(new JobNotFound({ job_id }))
      if (isTerminal(job.status)) return Result.fail(new JobHasEnded({ job_id, status: job.status }))
      if (job.status !== "running" || job.lease_epoch !== lease_epoch)
        return Result.fail(new LeaseMismatch({ job_id, lease_epoch }))
      return command === undefined ? Result.succeed([]) : queue.decide(jobs, command)
    },
    requestId: (jobs, { command }, fact) =>
      command === undefined ? undefined : queue.requestId?.(jobs, command, fact),
  })

/** A step that does what the holder of a job asks for, and refuses all when the job has ended or somebody else has it. */
export const holderStep = (jobspec: JobSpec.JobSpec, asked: Asked): Decider.Step<EndRefusal> =>
  Decider.step(asHolder(jobspec), asked)

/** The job of a run that a worker has claimed, and will end itself when the run has ended. */
export const workersJob = (
  jobspec: JobSpec.JobSpec,
  held: { readonly job_id: string; readonly lease_epoch: number },
): RunJob => ({
  beside: () =>
    Effect.succeed({
      step: holderStep(jobspec, held),
      retake: Effect.suspend(() => new LeaseLost({ ...held, reason: "taken" })),
    }),
})
