/**
 * The rules for adding a fact to a job, as one decider: what the fold would ignore is never written.
 *
 * @module
 */
import { Decider, type Fact, type View } from "@waybill/ledger"
import { Data, Result } from "effect"
import { attemptOf } from "./Attempts.ts"
import type { Payload } from "./Facts.ts"
import { type Attempt, type Job, Jobs } from "./Job.ts"

/** A fact that is to be added, made by a settlement helper. */
export type NewJobFact = Fact<string, { readonly runId: string }>

/** The key is held by an attempt already; asking again joins that job. */
export class KeyTaken extends Data.TaggedError("KeyTaken")<{
  readonly idempotencyKey: string
  readonly heldByRunId: string
  readonly heldByEventId: string
}> {
  override get message(): string {
    return `the key ${JSON.stringify(this.idempotencyKey)} is held by ${this.heldByEventId}`
  }
}

/** The run exists under another key. A run belongs to one base key; choose another run id. */
export class RunTaken extends Data.TaggedError("RunTaken")<{
  readonly runId: string
  readonly idempotencyKey: string
}> {
  override get message(): string {
    return `the run ${JSON.stringify(this.runId)} was asked for under another key, ${JSON.stringify(this.idempotencyKey)}`
  }
}

/** The attempt has ended. The fact that ended it stands. */
export class AlreadySettled extends Data.TaggedError("AlreadySettled")<{
  readonly runId: string
  readonly requestedEventId: string
  readonly settledByEventId: string
}> {
  override get message(): string {
    return `attempt ${this.requestedEventId} was settled by ${this.settledByEventId}`
  }
}

/** The attempt is not the job's current one, or the step is recorded already. Read again and go on from there. */
export class StaleAttempt extends Data.TaggedError("StaleAttempt")<{
  readonly runId: string
  readonly reason: string
}> {
  override get message(): string {
    return `job ${JSON.stringify(this.runId)}: ${this.reason}`
  }
}

export type RecordRefusal = KeyTaken | RunTaken | AlreadySettled | StaleAttempt

const stale = (runId: string, reason: string) => Result.fail(new StaleAttempt({ runId, reason }))

const onRequest = (view: View<Job>, fact: NewJobFact): Result.Result<ReadonlyArray<NewJobFact>, RecordRefusal> => {
  const request = fact.payload as Payload<"requested">
  const { idempotencyKey, runId } = request
  const holder = view.holder(fact.event_type, idempotencyKey)
  if (holder !== undefined)
    return Result.fail(new KeyTaken({ idempotencyKey, heldByRunId: holder.job_id, heldByEventId: holder.event_id }))
  const job = view.get(runId)
  const number = attemptOf(request)
  if (number.cause === "initial")
    return job === undefined
      ? Result.succeed([fact])
      : Result.fail(new RunTaken({ runId, idempotencyKey: job.current.request.idempotencyKey }))
  const current = job?.current
  if (current === undefined || current.requestedEventId !== number.repairOfRequestedEventId)
    return stale(runId, "the attempt to repair is not the current one")
  if (current.terminal?.kind !== "verifier_rejected") return stale(runId, "the attempt to repair was not rejected")
  return Result.succeed([fact])
}

/** Whether the attempt holds the step that a fact would record. */
const isRecorded = (attempt: Attempt, eventType: string): boolean => {
  switch (eventType) {
    case "workspace_job.seed_written":
      return attempt.seedWritten !== undefined
    case "workspace_job.terminal_build_attempted":
      return attempt.terminalBuildAttempted !== undefined
    case "workspace_job.artifact_written":
      return attempt.artifactWritten !== undefined
    case "workspace_job.artifact_readback_verified":
      return attempt.artifactReadbackVerified !== undefined
    case "workspace_job.terminal_finalized":
      return attempt.terminalFinalized !== undefined || attempt.finalizedEarly !== undefined
    default:
      return false
  }
}

const onStep = (view: View<Job>, fact: NewJobFact): Result.Result<ReadonlyArray<NewJobFact>, RecordRefusal> => {
  const { requestedEventId, runId } = fact.payload as Payload<"failed">
  const current = view.get(runId)?.current
  if (current === undefined) return stale(runId, "there is no such job")
  if (current.requestedEventId !== requestedEventId)
    return stale(runId, `attempt ${requestedEventId} is not the current one`)
  if (current.terminal !== undefined)
    return Result.fail(new AlreadySettled({ runId, requestedEventId, settledByEventId: current.terminal.eventId }))
  if (isRecorded(current, fact.event_type)) return stale(runId, `${fact.event_type} is recorded already`)
  const isVerdict =
    fact.event_type === "workspace_job.verified" || fact.event_type === "workspace_job.verifier_rejected"
  const named = (fact.payload as Partial<Payload<"verified">>).terminalFinalizedEventId
  if (isVerdict && current.terminalFinalized?.eventId !== named)
    return stale(runId, "the verdict does not name the finalized artifact")
  return Result.succeed([fact])
}

/** Adds one fact to its job, or says why it has no place there. */
export const recording: Decider.Decider<Job, NewJobFact, RecordRefusal> = Decider.make({
  name: "workspace_job.recording",
  projection: Jobs,
  decide: (view: View<Job>, fact: NewJobFact) =>
    fact.event_type === "workspace_job.requested" ? onRequest(view, fact) : onStep(view, fact),
})
