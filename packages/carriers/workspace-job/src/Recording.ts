/**
 * The rules for adding a fact to a job, as one decider: what the fold would ignore is never written.
 *
 * @module
 */
import { Decider, type Fact, type View } from "@waybill/ledger"
import { Data, Result } from "effect"
import { attemptOf } from "./Attempts.ts"
import type { Payload, WorkspaceJobFact } from "./Facts.ts"
import { evolve, Jobs, type SeenJobFact } from "./Job.ts"
import type { Job } from "./JobEntity.ts"

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

/** What the fold would say of the fact: nothing, or why it would ignore it. */
const objection = (job: Job | undefined, fact: NewJobFact): string | undefined => {
  const objections: Array<string> = []
  // A fact of this vocabulary's own constructors; the types of a decider's command do not say which.
  const seen = {
    event_type: fact.event_type,
    event_id: "(not recorded yet)",
    job_id: fact.job_id,
    payload: fact.payload,
  }
  evolve(job, seen as SeenJobFact, (code, detail) =>
    objections.push(detail === undefined ? code : `${code}: ${detail}`),
  )
  return objections[0]
}

const onRequest = (view: View<Job>, fact: NewJobFact): Result.Result<ReadonlyArray<NewJobFact>, RecordRefusal> => {
  const request = fact.payload as Payload<"requested">
  const { idempotencyKey, runId } = request
  const holder = view.holder(fact.event_type, idempotencyKey)
  if (holder !== undefined)
    return Result.fail(new KeyTaken({ idempotencyKey, heldByRunId: holder.job_id, heldByEventId: holder.event_id }))
  const job = view.get(runId)
  const number = attemptOf(request)
  if (number.cause === "initial" && job !== undefined)
    return Result.fail(new RunTaken({ runId, idempotencyKey: job.current.request.idempotencyKey }))
  if (number.cause === "verifier_repair") {
    if (job === undefined || job.current.requestedEventId !== number.repairOfRequestedEventId)
      return stale(runId, "the attempt to repair is not the current one")
    if (job.current.terminal?.kind !== "verifier_rejected")
      return stale(runId, "the attempt to repair was not rejected")
  }
  const reason = objection(job, fact)
  return reason === undefined ? Result.succeed([fact]) : stale(runId, reason)
}

const onStep = (view: View<Job>, fact: NewJobFact): Result.Result<ReadonlyArray<NewJobFact>, RecordRefusal> => {
  const { requestedEventId, runId } = fact.payload as Payload<"failed">
  const job = view.get(runId)
  if (job === undefined) return stale(runId, "there is no such job")
  const { current } = job
  if (current.requestedEventId !== requestedEventId)
    return stale(runId, `attempt ${requestedEventId} is not the current one`)
  if (current.terminal !== undefined)
    return Result.fail(new AlreadySettled({ runId, requestedEventId, settledByEventId: current.terminal.eventId }))
  const isEarly =
    fact.event_type === "workspace_job.terminal_finalized" && current.artifactReadbackVerified === undefined
  const reason = isEarly ? "nothing was read back that could be finalized" : objection(job, fact)
  return reason === undefined ? Result.succeed([fact]) : stale(runId, reason)
}

/** Adds one fact to its job, or says why it has no place there. {@link recordingOf} is the same with a narrower type. */
export const recording: Decider.Decider<Job, NewJobFact, RecordRefusal> = Decider.make({
  name: "workspace_job.recording",
  projection: Jobs,
  decide: (view: View<Job>, fact: NewJobFact) =>
    fact.event_type === "workspace_job.requested" ? onRequest(view, fact) : onStep(view, fact),
})

type RecordingOf<F extends NewJobFact> = Decider.Decider<Job, F, RecordRefusal, WorkspaceJobFact, readonly [F]>

/**
 * {@link recording}, typed by the fact that it is to add: `ledger.transact(recordingOf(fact), fact, origin)` answers with the
 * recorded form of that very fact, as the settlement helpers take it.
 */
export const recordingOf = <F extends NewJobFact>(_fact: F): RecordingOf<F> =>
  // It decides on the one fact that it was given, and on nothing else.
  recording as Decider.Decider<Job, F, RecordRefusal> as RecordingOf<F>
