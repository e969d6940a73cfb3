/**
 * The one fold behind every question about jobs: a job's entity, and what each fact makes of it.
 *
 * @module
 */
import { Projection } from "@waybill/ledger"
import { Schema } from "effect"
import { attemptOf } from "./Attempts.ts"
import {
  type ExtendedFact,
  type Payload,
  type Recorded,
  vocabulary,
  WorkspaceJob,
  WorkspaceJobWithReconcile,
} from "./Facts.ts"
import { type Failure, Failure as FailureSchema } from "./Values.ts"

const { facts } = vocabulary

const recorded = <S extends Schema.Constraint>(payload: S) => Schema.Struct({ eventId: Schema.String, payload })
/** A step's fact, as the entity keeps it. */
export interface Kept<P> {
  readonly eventId: string
  readonly payload: P
}

/** How an attempt ended. */
export type Terminal =
  | ({ readonly kind: "verified" } & Kept<Payload<"verified">>)
  | ({ readonly kind: "verifier_rejected" } & Kept<Payload<"verifier_rejected">>)
  | ({ readonly kind: "failed" } & Kept<Payload<"failed">>)

/** One attempt: its request, the first valid fact of each step, and its end. Absent steps are `undefined`-free: absent keys. */
export interface Attempt {
  readonly requestedEventId: string
  readonly request: Payload<"requested">
  readonly seedWritten?: Kept<Payload<"seed_written">>
  readonly terminalBuildAttempted?: Kept<Payload<"terminal_build_attempted">>
  /** More than one only in a history that nobody should have written. */
  readonly artifactWritten?: ReadonlyArray<Kept<Payload<"artifact_written">>>
  readonly artifactReadbackVerified?: Kept<Payload<"artifact_readback_verified">>
  /** Whether some written fact that came before the readback agrees with it. */
  readonly isWrittenAsRead?: boolean
  /** Those that came before the readback, or the one that agrees with it. */
  readonly terminalFinalized?: ReadonlyArray<Kept<Payload<"terminal_finalized">>>
  readonly reconcile?: { readonly eventId: string; readonly failure: Failure }
  readonly terminal?: Terminal
}

/** A job: the attempt that it is, and the ones before. */
export interface Job {
  readonly runId: string
  readonly current: Attempt
  readonly earlier: ReadonlyArray<Attempt>
}

const AttemptSchema = Schema.Struct({
  requestedEventId: Schema.String,
  request: facts.requested.payload,
  seedWritten: Schema.optionalKey(recorded(facts.seed_written.payload)),
  terminalBuildAttempted: Schema.optionalKey(recorded(facts.terminal_build_attempted.payload)),
  artifactWritten: Schema.optionalKey(Schema.Array(recorded(facts.artifact_written.payload))),
  artifactReadbackVerified: Schema.optionalKey(recorded(facts.artifact_readback_verified.payload)),
  isWrittenAsRead: Schema.optionalKey(Schema.Boolean),
  terminalFinalized: Schema.optionalKey(Schema.Array(recorded(facts.terminal_finalized.payload))),
  reconcile: Schema.optionalKey(Schema.Struct({ eventId: Schema.String, failure: FailureSchema })),
  terminal: Schema.optionalKey(
    Schema.Union([
      Schema.Struct({ kind: Schema.Literal("verified"), eventId: Schema.String, payload: facts.verified.payload }),
      Schema.Struct({
        kind: Schema.Literal("verifier_rejected"),
        eventId: Schema.String,
        payload: facts.verifier_rejected.payload,
      }),
      Schema.Struct({ kind: Schema.Literal("failed"), eventId: Schema.String, payload: facts.failed.payload }),
    ]),
  ),
})

/** The schema of {@link Job}. */
export const JobEntity = Schema.Struct({
  runId: Schema.String,
  current: AttemptSchema,
  earlier: Schema.Array(AttemptSchema),
})

/** How many facts of one step an attempt keeps where more than one may matter; a proper attempt has one. */
const rivals_max = 8

type Report = Projection.Report
type StepFact = Exclude<ExtendedFact, Recorded<"requested">>

const keep = <P>(fact: { readonly event_id: string; readonly payload: P }): Kept<P> => ({
  eventId: fact.event_id,
  payload: fact.payload,
})

const sameBytes = (
  a: Payload<"terminal_finalized">["terminalArtifact"],
  b: Payload<"terminal_finalized">["terminalArtifact"],
): boolean =>
  a.sha256 === b.sha256 &&
  a.bytes === b.bytes &&
  a.path === b.path &&
  a.artifactRef === b.artifactRef &&
  a.schemaId === b.schemaId

/** The job after a request: a first attempt, or a repair that continues the chain; anything else changes nothing. */
const onRequested = (job: Job | undefined, fact: Recorded<"requested">, report: Report): Job | undefined => {
  const next: Attempt = { requestedEventId: fact.event_id, request: fact.payload }
  const number = attemptOf(fact.payload)
  if (number.cause === "initial") {
    if (job === undefined) return { runId: fact.payload.runId, current: next, earlier: [] }
    if (job.current.terminal !== undefined) {
      report("settled_run", `the run was settled by ${job.current.terminal.eventId}`)
      return job
    }
    return { runId: job.runId, current: next, earlier: [...job.earlier, job.current] }
  }
  const broken = (why: string): Job | undefined => {
    report("broken_attempt_chain", why)
    return job
  }
  if (job === undefined) return broken("there is no attempt to repair")
  const { current } = job
  const previous = attemptOf(current.request)
  if (number.repairOfRequestedEventId !== current.requestedEventId) return broken("does not repair the current attempt")
  if (current.terminal?.kind !== "verifier_rejected") return broken("the attempt to repair was not rejected")
  if (number.index !== previous.index + 1) return broken(`attempt ${number.index} does not follow ${previous.index}`)
  if (number.maxAttempts !== previous.maxAttempts) return broken(`the budget is ${previous.maxAttempts}`)
  return { runId: job.runId, current: next, earlier: [...job.earlier, current] }
}

/** What keeps a verdict from being accepted, or `undefined`. */
const refuseVerdict = (
  attempt: Attempt,
  fact: Recorded<"verified"> | Recorded<"verifier_rejected">,
): string | undefined => {
  const readback = attempt.artifactReadbackVerified
  if (readback === undefined) return "the artifact was never read back"
  const finalized = attempt.terminalFinalized?.find(({ eventId }) => eventId === fact.payload.terminalFinalizedEventId)
  if (finalized === undefined) return "it names no finalized artifact of this attempt"
  if (!sameBytes(finalized.payload.terminalArtifact, readback.payload)) return "finalized and read-back bytes differ"
  if (attempt.artifactWritten !== undefined && attempt.isWrittenAsRead !== true)
    return "written and read-back bytes differ"
  if (readback.payload.schemaId !== attempt.request.terminalSchemaId) return "the artifact is of another schema"
  return undefined
}

const onReadback = (attempt: Attempt, fact: Recorded<"artifact_readback_verified">, report: Report): Attempt => {
  if (attempt.artifactReadbackVerified !== undefined)
    return again(attempt, report, fact, attempt.artifactReadbackVerified)
  const isWrittenAsRead = attempt.artifactWritten?.some(({ payload }) => sameBytes(payload, fact.payload)) === true
  const rivals = attempt.terminalFinalized
  if (rivals === undefined) return { ...attempt, artifactReadbackVerified: keep(fact), isWrittenAsRead }
  const { terminalFinalized: _, ...rest } = attempt
  const agreeing = rivals.find(({ payload }) => sameBytes(payload.terminalArtifact, fact.payload))
  for (const rival of rivals)
    if (rival !== agreeing) report("finalized_disagrees", `${rival.eventId} names other bytes`)
  return {
    ...rest,
    artifactReadbackVerified: keep(fact),
    isWrittenAsRead,
    ...(agreeing === undefined ? {} : { terminalFinalized: [agreeing] }),
  }
}

const onFinalized = (attempt: Attempt, fact: Recorded<"terminal_finalized">, report: Report): Attempt => {
  const readback = attempt.artifactReadbackVerified
  const before = attempt.terminalFinalized ?? []
  if (readback === undefined) {
    if (before.length >= rivals_max) return again(attempt, report)
    return { ...attempt, terminalFinalized: [...before, keep(fact)] }
  }
  if (!sameBytes(fact.payload.terminalArtifact, readback.payload)) {
    report("finalized_disagrees", "names other bytes than were read back")
    return attempt
  }
  return before.length > 0 ? again(attempt, report) : { ...attempt, terminalFinalized: [keep(fact)] }
}

const onWritten = (attempt: Attempt, fact: Recorded<"artifact_written">, report: Report): Attempt => {
  const before = attempt.artifactWritten ?? []
  if (before.length > 0) report("repeated_step")
  return before.length >= rivals_max ? attempt : { ...attempt, artifactWritten: [...before, keep(fact)] }
}

/** A step that was there already: the first stands. */
const again = (
  attempt: Attempt,
  report: Report,
  fact?: Recorded<"artifact_readback_verified">,
  first?: Kept<Payload<"artifact_readback_verified">>,
): Attempt => {
  const moved = fact !== undefined && first !== undefined && !sameBytes(fact.payload, first.payload)
  report(moved ? "readback_disagrees" : "repeated_step")
  return attempt
}

const withTerminal = (attempt: Attempt, terminal: Terminal): Attempt => ({ ...attempt, terminal })

/** The attempt after one more of its facts. */
const onStep = (attempt: Attempt, fact: StepFact, report: Report): Attempt => {
  if (attempt.terminal !== undefined) {
    const isEnd =
      fact.event_type === "workspace_job.verified" ||
      fact.event_type === "workspace_job.verifier_rejected" ||
      fact.event_type === "workspace_job.failed"
    report(isEnd ? "second_terminal" : "after_terminal", `the attempt was ended by ${attempt.terminal.eventId}`)
    return attempt
  }
  switch (fact.event_type) {
    case "workspace_job.seed_written":
      return attempt.seedWritten === undefined ? { ...attempt, seedWritten: keep(fact) } : again(attempt, report)
    case "workspace_job.terminal_build_attempted":
      return attempt.terminalBuildAttempted === undefined
        ? { ...attempt, terminalBuildAttempted: keep(fact) }
        : again(attempt, report)
    case "workspace_job.artifact_written":
      return onWritten(attempt, fact, report)
    case "workspace_job.artifact_readback_verified":
      return onReadback(attempt, fact, report)
    case "workspace_job.terminal_finalized":
      return onFinalized(attempt, fact, report)
    case "workspace_job.verified":
    case "workspace_job.verifier_rejected": {
      const why = refuseVerdict(attempt, fact)
      if (why !== undefined) {
        report("verdict_does_not_join", why)
        return attempt
      }
      return fact.event_type === "workspace_job.verified"
        ? withTerminal(attempt, { kind: "verified", eventId: fact.event_id, payload: fact.payload })
        : withTerminal(attempt, { kind: "verifier_rejected", eventId: fact.event_id, payload: fact.payload })
    }
    case "workspace_job.failed":
      return withTerminal(attempt, { kind: "failed", eventId: fact.event_id, payload: fact.payload })
    case "workspace_job.reconcile_required":
      return { ...attempt, reconcile: { eventId: fact.event_id, failure: fact.payload.failure } }
  }
}

const evolve = (job: Job | undefined, fact: ExtendedFact, report: Report): Job | undefined => {
  const { payload } = fact
  if (payload.runId !== fact.job_id) {
    report("run_mismatch", "the payload's runId is not the event's job_id")
    return job
  }
  if (fact.event_type === "workspace_job.requested") return onRequested(job, fact, report)
  const { idempotencyKey, requestedEventId } = fact.payload
  const isCurrent = job?.current.requestedEventId === requestedEventId
  const attempt = isCurrent
    ? job.current
    : job?.earlier.find((earlier) => earlier.requestedEventId === requestedEventId)
  if (job === undefined || attempt === undefined) {
    report("unknown_attempt", `there is no attempt ${requestedEventId}`)
    return job
  }
  if (idempotencyKey !== attempt.request.idempotencyKey) {
    report("key_mismatch", "the idempotencyKey is not the attempt's")
    return job
  }
  const after = onStep(attempt, fact, report)
  if (after === attempt) return job
  return isCurrent
    ? { runId: job.runId, current: after, earlier: job.earlier }
    : { ...job, earlier: job.earlier.map((earlier) => (earlier === attempt ? after : earlier)) }
}

/** Jobs by run id. */
export const Jobs: Projection.Projection<Job> = Projection.make({
  name: "workspace_job.jobs",
  version: 1,
  reader: WorkspaceJob,
  entity: JobEntity,
  key: (fact) => fact.job_id,
  evolve,
})

/** Jobs by run id, for ledgers that hold `reconcile_required`. */
export const JobsWithReconcile: Projection.Projection<Job> = Projection.make({
  name: "workspace_job.jobs_with_reconcile",
  version: 1,
  reader: WorkspaceJobWithReconcile,
  entity: JobEntity,
  key: (fact) => fact.job_id,
  evolve,
})
