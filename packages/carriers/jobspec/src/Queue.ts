/**
 * The queue: one decider for everything that can happen to a job (JobSpec v0 §10).
 *
 * @module
 */
import { Decider, type Fact, type View } from "@waybill/ledger"
import type { Result } from "effect"
import type { JobSpecFact } from "./Events.ts"
import type { JobTypes } from "./JobTypes.ts"
import { cancel, claim, claimNext, complete, expire, fail, failure_codes, heartbeat } from "./leases.ts"
import type { QueueCommand } from "./QueueCommand.ts"
import { makeQueueJobs, type QueueJob } from "./QueueJob.ts"
import type { QueueRefusal } from "./Refusals.ts"
import { submit, submitRequestId } from "./submission.ts"

export interface QueueOptions {
  readonly jobTypes: JobTypes
  /** Codes a worker may fail a job with beside the contract's nine. */
  readonly failureCodes?: ReadonlyArray<string>
}

export type Queue = Decider.Decider<QueueJob, QueueCommand, QueueRefusal, JobSpecFact>

type Decided = Result.Result<ReadonlyArray<Fact<string, unknown>>, QueueRefusal>

/** The request id of a fact: the caller's where one was sent, else the job's first. */
const requestIdOf = (queue: View<QueueJob>, command: QueueCommand, { job_id }: Fact<string, unknown>) => {
  if (command.kind === "submit") return submitRequestId(queue, command, job_id)
  const sent = "request_id" in command ? command.request_id?.trim() : undefined
  return sent === undefined || sent === "" ? queue.get(job_id)?.request_id : sent
}

/** The queue over a registry of job types. A command costs the same however many jobs there are. */
export const makeQueue = ({ failureCodes = [], jobTypes }: QueueOptions): Queue => {
  const codes = [...new Set([...failure_codes, ...failureCodes])]
  const decide = (queue: View<QueueJob>, command: QueueCommand): Decided => {
    switch (command.kind) {
      case "submit":
        return submit(queue, command, jobTypes)
      case "claim":
        return claim(queue, command)
      case "claim_next":
        return claimNext(queue, command)
      case "heartbeat":
        return heartbeat(queue, command)
      case "complete":
        return complete(queue, command)
      case "fail":
        return fail(queue, command, codes)
      case "cancel":
        return cancel(queue, command)
      case "expire":
        return expire(queue, command)
    }
  }
  return Decider.make({
    name: "jobspec.queue",
    projection: makeQueueJobs(jobTypes),
    decide,
    requestId: requestIdOf,
  })
}
