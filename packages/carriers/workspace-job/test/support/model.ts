/**
 * The rules once more, as a naive reading of a whole history: no state, every question is a search from the beginning. What it
 * answers is what the fold must answer.
 */
import { isRecordedFact, type RecordedEvent } from "@waybill/ledger"
import {
  attemptOf,
  isJobFact,
  type Recorded,
  type TerminalArtifact,
  WorkspaceJob,
  type WorkspaceJobFact,
} from "../../src/index.ts"

type Request = Recorded<"requested">
type End = Recorded<"verified"> | Recorded<"verifier_rejected"> | Recorded<"failed">

/** How many facts of one step are looked at where more than one may matter, besides the first. */
const rivals_max = 8

const same = (a: TerminalArtifact, b: TerminalArtifact): boolean =>
  (["artifactRef", "path", "schemaId", "sha256", "bytes"] as const).every((name) => a[name] === b[name])

/** The facts that count: decoded, in position order, each in the stream of the run it speaks of. */
export const factsOf = (events: ReadonlyArray<RecordedEvent>): ReadonlyArray<WorkspaceJobFact> =>
  events
    .toSorted((a, b) => a.position - b.position)
    .map((event) => WorkspaceJob.decode(event))
    .filter((fact): fact is WorkspaceJobFact => isRecordedFact(fact))

const ofAttempt = (facts: ReadonlyArray<WorkspaceJobFact>, request: Request): ReadonlyArray<WorkspaceJobFact> =>
  facts.filter(
    (fact) =>
      fact.event_type !== "workspace_job.requested" &&
      fact.position > request.position &&
      fact.job_id === request.job_id &&
      fact.payload.runId === request.job_id &&
      fact.payload.requestedEventId === request.event_id &&
      fact.payload.idempotencyKey === request.payload.idempotencyKey,
  )

/** The artifact that a verdict is about, if it joins what came before it. */
const joined = (
  before: ReadonlyArray<WorkspaceJobFact>,
  request: Request,
  finalizedId: string,
): TerminalArtifact | undefined => {
  const readback = before.find((fact) => isJobFact("artifact_readback_verified", fact))
  if (readback === undefined || readback.payload.schemaId !== request.payload.terminalSchemaId) return undefined
  const written = before.filter((fact) => isJobFact("artifact_written", fact))
  const inTime = written.filter(({ position }) => position < readback.position).slice(0, 1 + rivals_max)
  if (written.length > 0 && !inTime.some(({ payload }) => same(payload, readback.payload))) return undefined
  const finalized = before.filter((fact) => isJobFact("terminal_finalized", fact))
  const early = finalized.filter(({ position }) => position < readback.position).slice(0, rivals_max)
  const late = finalized.filter(({ position }) => position > readback.position)
  const counting = [...early, ...late].find(({ payload }) => same(payload.terminalArtifact, readback.payload))
  return counting?.event_id === finalizedId ? counting.payload.terminalArtifact : undefined
}

/** What ended an attempt, looking no further than a position. */
const endOf = (facts: ReadonlyArray<WorkspaceJobFact>, request: Request, until = Infinity) => {
  const own = ofAttempt(facts, request).filter(({ position }) => position < until)
  for (const fact of own) {
    const before = own.filter(({ position }) => position < fact.position)
    if (isJobFact("failed", fact)) return { fact: fact as End, artifact: undefined }
    if (!isJobFact("verified", fact) && !isJobFact("verifier_rejected", fact)) continue
    const artifact = joined(before, request, fact.payload.terminalFinalizedEventId)
    if (artifact !== undefined) return { fact: fact as End, artifact }
  }
  return undefined
}

/** The requests that are attempts of a run, in their order. */
const attemptsOf = (facts: ReadonlyArray<WorkspaceJobFact>, runId: string): ReadonlyArray<Request> => {
  const attempts: Array<Request> = []
  for (const fact of facts) {
    if (!isJobFact("requested", fact) || fact.job_id !== runId) continue
    const key = fact.payload.idempotencyKey
    const isDuplicate = facts.some(
      (other) =>
        isJobFact("requested", other) && other.position < fact.position && other.payload.idempotencyKey === key,
    )
    const isAttempt = attempts.some(({ event_id }) => event_id === fact.event_id)
    if (isDuplicate || isAttempt || fact.payload.runId !== runId) continue
    const last = attempts.at(-1)
    const end = last === undefined ? undefined : endOf(facts, last, fact.position)
    const number = attemptOf(fact.payload)
    if (number.cause === "initial") {
      if (end === undefined) attempts.push(fact)
      continue
    }
    if (last === undefined || end?.fact.event_type !== "workspace_job.verifier_rejected") continue
    const previous = attemptOf(last.payload)
    const continues =
      number.repairOfRequestedEventId === last.event_id &&
      number.index === previous.index + 1 &&
      number.maxAttempts === previous.maxAttempts
    if (continues) attempts.push(fact)
  }
  return attempts
}

/** What there is to say of a run: its attempts, with how each ended and over which bytes. */
export const modelOf = (facts: ReadonlyArray<WorkspaceJobFact>, runId: string) =>
  attemptsOf(facts, runId).map((request) => {
    const end = endOf(facts, request)
    return {
      requestedEventId: request.event_id,
      idempotencyKey: request.payload.idempotencyKey,
      status: end === undefined ? "running" : end.fact.event_type.replace("workspace_job.", ""),
      artifact: end?.artifact,
    }
  })
