/**
 * The one fold behind every question about jobs: a job's entity, and what each fact makes of it.
 *
 * @module
 */
import { Projection, type RecordedFact } from "@waybill/ledger"
import { attemptOf } from "./Attempts.ts"
import {
  type ExtendedFact,
  type Payload,
  type Recorded,
  type StepName,
  WorkspaceJob,
  WorkspaceJobWithReconcile,
} from "./Facts.ts"
import { type Attempt, copyOf, type Job, JobEntity, type Kept, type Mutable, type Terminal } from "./JobEntity.ts"

/** How a step gets an attempt that it may change: a copy, or the attempt itself where nobody has seen it. */
type Change = (attempt: Attempt) => Mutable<Attempt>
const itself: Change = (attempt) => attempt

/** How many facts of one step an attempt keeps where more than one may matter; a proper attempt has one. */
const rivals_max = 8

type Report = Projection.Report

/** What the fold looks at in a fact; one that is not recorded yet can be tried in the same way. */
type Seen<F> =
  F extends RecordedFact<infer T, infer P>
    ? { readonly event_type: T; readonly event_id: string; readonly job_id: string; readonly payload: P }
    : never
type SeenFact<K extends StepName> = Seen<Recorded<K>>
/** Any fact as the fold looks at it. */
export type SeenJobFact = Seen<ExtendedFact>
type StepFact = Exclude<SeenJobFact, SeenFact<"requested">>

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

/** The attempt of a job that this request began. */
export const attemptOfJob = ({ current, earlier }: Job, requestedEventId: string): Attempt | undefined =>
  current.requestedEventId === requestedEventId
    ? current
    : earlier.find((attempt) => attempt.requestedEventId === requestedEventId)

/** The job after a request: a first attempt, or a repair that continues the chain; anything else changes nothing. */
const onRequested = (job: Job | undefined, fact: SeenFact<"requested">, report: Report): Job | undefined => {
  // Ids that the store gives are never the same; a copied line's may be, and then nobody could tell two attempts apart.
  if (job !== undefined && attemptOfJob(job, fact.event_id) !== undefined) {
    report("repeated_event_id", "an attempt of this run has the same id")
    return job
  }
  const next = copyOf({ requestedEventId: fact.event_id, request: fact.payload })
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
  fact: SeenFact<"verified"> | SeenFact<"verifier_rejected">,
): string | undefined => {
  const readback = attempt.artifactReadbackVerified
  if (readback === undefined) return "the artifact was never read back"
  const finalized = attempt.terminalFinalized
  if (finalized?.eventId !== fact.payload.terminalFinalizedEventId)
    return "it names no finalized artifact of this attempt"
  if (!sameBytes(finalized.payload.terminalArtifact, readback.payload)) return "finalized and read-back bytes differ"
  if (attempt.artifactWritten !== undefined && attempt.isWrittenAsRead !== true)
    return "written and read-back bytes differ"
  if (readback.payload.schemaId !== attempt.request.terminalSchemaId) return "the artifact is of another schema"
  return undefined
}

const onReadback = (
  attempt: Attempt,
  fact: SeenFact<"artifact_readback_verified">,
  report: Report,
  change: Change,
): Attempt => {
  if (attempt.artifactReadbackVerified !== undefined)
    return again(attempt, report, fact, attempt.artifactReadbackVerified)
  const { artifactWritten, finalizedEarly, otherWritten } = attempt
  const after = change(attempt)
  after.artifactReadbackVerified = keep(fact)
  after.isWrittenAsRead =
    (artifactWritten !== undefined && sameBytes(artifactWritten.payload, fact.payload)) ||
    otherWritten?.some(({ payload }) => sameBytes(payload, fact.payload)) === true
  if (finalizedEarly === undefined) return after
  const agreeing = finalizedEarly.find(({ payload }) => sameBytes(payload.terminalArtifact, fact.payload))
  for (const rival of finalizedEarly)
    if (rival !== agreeing) report("finalized_disagrees", `${rival.eventId} names other bytes`)
  after.terminalFinalized = agreeing
  after.finalizedEarly = undefined
  return after
}

const onFinalized = (
  attempt: Attempt,
  fact: SeenFact<"terminal_finalized">,
  report: Report,
  change: Change,
): Attempt => {
  const readback = attempt.artifactReadbackVerified
  if (readback === undefined) {
    const before = attempt.finalizedEarly ?? []
    if (before.length >= rivals_max) return again(attempt, report)
    const after = change(attempt)
    after.finalizedEarly = [...before, keep(fact)]
    return after
  }
  if (!sameBytes(fact.payload.terminalArtifact, readback.payload)) {
    report("finalized_disagrees", "names other bytes than were read back")
    return attempt
  }
  if (attempt.terminalFinalized !== undefined) return again(attempt, report)
  const after = change(attempt)
  after.terminalFinalized = keep(fact)
  return after
}

const onWritten = (attempt: Attempt, fact: SeenFact<"artifact_written">, report: Report, change: Change): Attempt => {
  if (attempt.artifactWritten === undefined) {
    const after = change(attempt)
    after.artifactWritten = keep(fact)
    return after
  }
  report("repeated_step")
  const before = attempt.otherWritten ?? []
  if (before.length >= rivals_max) return attempt
  const after = change(attempt)
  after.otherWritten = [...before, keep(fact)]
  return after
}

/** A step that was there already: the first stands. */
const again = (
  attempt: Attempt,
  report: Report,
  fact?: SeenFact<"artifact_readback_verified">,
  first?: Kept<Payload<"artifact_readback_verified">>,
): Attempt => {
  const moved = fact !== undefined && first !== undefined && !sameBytes(fact.payload, first.payload)
  report(moved ? "readback_disagrees" : "repeated_step")
  return attempt
}

const withTerminal = (attempt: Attempt, terminal: Terminal, change: Change): Attempt => {
  const after = change(attempt)
  after.terminal = terminal
  return after
}

/** The attempt after one more of its facts. */
const onStep = (attempt: Attempt, fact: StepFact, report: Report, change: Change): Attempt => {
  if (attempt.terminal !== undefined) {
    const isEnd =
      fact.event_type === "workspace_job.verified" ||
      fact.event_type === "workspace_job.verifier_rejected" ||
      fact.event_type === "workspace_job.failed"
    report(isEnd ? "second_terminal" : "after_terminal", `the attempt was ended by ${attempt.terminal.eventId}`)
    return attempt
  }
  switch (fact.event_type) {
    case "workspace_job.seed_written": {
      if (attempt.seedWritten !== undefined) return again(attempt, report)
      const after = change(attempt)
      after.seedWritten = keep(fact)
      return after
    }
    case "workspace_job.agent_started": {
      if (attempt.agentStarted !== undefined) return again(attempt, report)
      const after = change(attempt)
      after.agentStarted = keep(fact)
      return after
    }
    case "workspace_job.terminal_build_attempted": {
      if (attempt.terminalBuildAttempted !== undefined) return again(attempt, report)
      const after = change(attempt)
      after.terminalBuildAttempted = keep(fact)
      return after
    }
    case "workspace_job.artifact_written":
      return onWritten(attempt, fact, report, change)
    case "workspace_job.artifact_readback_verified":
      return onReadback(attempt, fact, report, change)
    case "workspace_job.terminal_finalized":
      return onFinalized(attempt, fact, report, change)
    case "workspace_job.verified":
    case "workspace_job.verifier_rejected": {
      const why = refuseVerdict(attempt, fact)
      if (why !== undefined) {
        report("verdict_does_not_join", why)
        return attempt
      }
      return fact.event_type === "workspace_job.verified"
        ? withTerminal(attempt, { kind: "verified", eventId: fact.event_id, payload: fact.payload }, change)
        : withTerminal(attempt, { kind: "verifier_rejected", eventId: fact.event_id, payload: fact.payload }, change)
    }
    case "workspace_job.failed":
      return withTerminal(attempt, { kind: "failed", eventId: fact.event_id, payload: fact.payload }, change)
    case "workspace_job.reconcile_required": {
      const after = change(attempt)
      after.reconcile = { eventId: fact.event_id, failure: fact.payload.failure }
      return after
    }
  }
}

/** The job after one more fact. */
export const evolve = (job: Job | undefined, fact: SeenJobFact, report: Report, isOwn = false): Job | undefined => {
  const { payload } = fact
  if (payload.runId !== fact.job_id) {
    report("run_mismatch", "the payload's runId is not the event's job_id")
    return job
  }
  if (fact.event_type === "workspace_job.requested") return onRequested(job, fact, report)
  const { idempotencyKey, requestedEventId } = fact.payload
  const attempt = job === undefined ? undefined : attemptOfJob(job, requestedEventId)
  if (job === undefined || attempt === undefined) {
    report("unknown_attempt", `there is no attempt ${requestedEventId}`)
    return job
  }
  if (idempotencyKey !== attempt.request.idempotencyKey) {
    report("key_mismatch", "the idempotencyKey is not the attempt's")
    return job
  }
  // Whoever makes a job gives it a current attempt of its own; earlier ones may be shared with what somebody has seen.
  const after = onStep(attempt, fact, report, isOwn && attempt === job.current ? itself : copyOf)
  if (after === attempt) return job
  return attempt === job.current
    ? { runId: job.runId, current: after, earlier: job.earlier }
    : {
        runId: job.runId,
        current: copyOf(job.current),
        earlier: job.earlier.map((earlier) => (earlier === attempt ? after : earlier)),
      }
}

/** Jobs by run id. */
export const Jobs: Projection.Projection<Job> = Projection.make({
  name: "workspace_job.jobs",
  version: 2,
  reader: WorkspaceJob,
  entity: JobEntity,
  key: (fact) => fact.job_id,
  evolve,
})

/** Jobs by run id, for ledgers that hold `reconcile_required`. */
export const JobsWithReconcile: Projection.Projection<Job> = Projection.make({
  name: "workspace_job.jobs_with_reconcile",
  version: 2,
  reader: WorkspaceJobWithReconcile,
  entity: JobEntity,
  key: (fact) => fact.job_id,
  evolve,
})
