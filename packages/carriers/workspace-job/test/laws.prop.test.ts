import {
  Checkpoint,
  Fold,
  foldAll,
  type InvalidFact,
  isRecordedFact,
  type RecordedEvent,
  type View,
} from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  attemptOf,
  attemptStatus,
  byIdempotencyKey,
  deliverable,
  isJobFact,
  type Job,
  Jobs,
  type NewJobFact,
  jobStatus,
  jobSteps,
  recording,
  WorkspaceJob,
  type WorkspaceJobFact,
} from "../src/index.ts"
import { vocabulary } from "../src/Facts.ts"
import { anything, history } from "./support/histories.ts"

const runs = 2000
const hold = (law: (events: ReadonlyArray<RecordedEvent>) => void) =>
  fc.assert(fc.property(history, law), { numRuns: runs })

const attemptsOf = (job: Job | undefined) => (job === undefined ? [] : [...job.earlier, job.current])
const plain = (view: View<Job>) =>
  JSON.parse(JSON.stringify({ jobs: [...view.entries()], anomalies: [...view.anomalous()] })) as unknown
const decoded = (events: ReadonlyArray<RecordedEvent>) =>
  events.map((event) => WorkspaceJob.decode(event)).filter((fact): fact is WorkspaceJobFact => isRecordedFact(fact))

describe("for every history", () => {
  it("what is deliverable was asked for, read back, finalized with equal bytes, and verified by passed checks", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      const facts = decoded(events)
      for (const [runId] of fold.entries()) {
        const status = jobStatus(fold, runId)
        const artifact = deliverable(status)
        expect(Result.isSuccess(artifact)).toBe(status.status === "verified")
        if (status.status !== "verified" || Result.isFailure(artifact)) continue
        const { requestedEventId, request } = status
        const own = facts.filter(
          (fact) =>
            fact.job_id === runId &&
            (fact.payload as { readonly requestedEventId?: string }).requestedEventId === requestedEventId,
        )
        const verdict = own.find((fact) => isJobFact("verified", fact) && fact.payload === status.verdict)
        const before = own.filter(({ position }) => position < (verdict?.position ?? 0))
        const finalized = before.find(
          (fact) => isJobFact("terminal_finalized", fact) && fact.event_id === status.verdict.terminalFinalizedEventId,
        )
        const readback = before.find((fact) => isJobFact("artifact_readback_verified", fact))
        if (!isJobFact("terminal_finalized", finalized) || !isJobFact("artifact_readback_verified", readback))
          throw new Error("verified without a finalized artifact and its readback")
        const { artifactRef, bytes, path, schemaId, sha256 } = readback.payload
        expect(finalized.payload.terminalArtifact).toEqual({ artifactRef, bytes, path, schemaId, sha256 })
        expect(artifact.success).toEqual(finalized.payload.terminalArtifact)
        expect(schemaId).toBe(request.terminalSchemaId)
        expect(status.checks.length).toBeGreaterThan(0)
        expect(status.checks.every((check) => check.status === "passed")).toBe(true)
        const written = before.filter((fact) => isJobFact("artifact_written", fact))
        if (written.length > 0) expect(written.some((fact) => fact.payload.sha256 === sha256)).toBe(true)
      }
    }))

  it("an attempt that has ended keeps its end, and a job that is verified or failed is never opened again", () =>
    hold((events) => {
      const fold = new Fold(Jobs)
      const ends = new Map<string, unknown>()
      const settled = new Map<string, string>()
      for (const event of events) {
        fold.apply(event)
        for (const [runId, job] of fold.entries()) {
          for (const { requestedEventId, terminal } of attemptsOf(job)) {
            if (ends.has(requestedEventId)) expect(terminal).toBe(ends.get(requestedEventId))
            if (terminal !== undefined) ends.set(requestedEventId, terminal)
          }
          const { status } = jobStatus(fold, runId)
          if (settled.has(runId)) expect(status).toBe(settled.get(runId))
          if (status === "verified" || status === "failed") settled.set(runId, status)
        }
      }
    }))

  it("a repair attempt follows a rejected one, by one, within the budget of the first", () =>
    hold((events) => {
      for (const [, job] of foldAll(Jobs, events).entries()) {
        const attempts = attemptsOf(job)
        attempts.forEach((attempt, i) => {
          const number = attemptOf(attempt.request)
          if (number.cause === "initial") return
          const previous = attempts[i - 1]
          expect(previous?.terminal?.kind).toBe("verifier_rejected")
          expect(number.repairOfRequestedEventId).toBe(previous?.requestedEventId)
          expect(number.index).toBe(attemptOf(previous?.request ?? attempt.request).index + 1)
          expect(number.index).toBeLessThanOrEqual(number.maxAttempts)
          expect(number.maxAttempts).toBe(attemptOf(previous?.request ?? attempt.request).maxAttempts)
        })
      }
    }))

  it("a key names the first valid request under it", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      const first = new Map<string, string>()
      for (const fact of decoded(events))
        if (isJobFact("requested", fact) && !first.has(fact.payload.idempotencyKey))
          first.set(fact.payload.idempotencyKey, fact.event_id)
      for (const [key, id] of first) {
        const found = byIdempotencyKey(fold, key)
        if (found.status === "found") expect(found.requestedEventId).toBe(id)
      }
    }))

  it("the job is its latest attempt: status, attempt, steps and key agree", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      for (const [runId, job] of fold.entries()) {
        const { requestedEventId, request } = job.current
        expect(attemptStatus(fold, runId, requestedEventId)).toEqual(jobStatus(fold, runId))
        expect(jobSteps(fold, runId)).toMatchObject({ status: "found", requestedEventId })
        expect(byIdempotencyKey(fold, request.idempotencyKey)).toMatchObject({ status: "found", requestedEventId })
      }
    }))

  it("the order in which it is handed over, and repetition, make no difference", () =>
    fc.assert(
      fc.property(
        history.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
        ),
        ([events, shuffled]) => {
          expect(plain(foldAll(Jobs, shuffled))).toEqual(plain(foldAll(Jobs, events)))
        },
      ),
      { numRuns: runs },
    ))

  it("folding goes on from any checkpoint as if it had never stopped", () =>
    fc.assert(
      fc.property(history, fc.nat(), (events, cut) => {
        const at = cut % (events.length + 1)
        const before = new Fold(Jobs).applyAll(events.slice(0, at))
        const saved = JSON.parse(JSON.stringify(Checkpoint.take(before))) as Checkpoint.Checkpoint
        const resumed = Result.getOrThrow(Checkpoint.resume(Jobs, saved))
        expect(plain(resumed.applyAll(events.slice(at)))).toEqual(plain(foldAll(Jobs, events)))
      }),
      { numRuns: runs },
    ))

  it("a fact that is recorded is never ignored, and one that the fold would ignore is refused", () =>
    hold((events) => {
      const fold = new Fold(Jobs)
      for (const event of events) {
        const name = event.event_type.replace("workspace_job.", "") as keyof typeof vocabulary.facts
        const made = vocabulary.facts[name]?.make(event.job_id, event.payload as never) as
          | Result.Result<NewJobFact, InvalidFact>
          | undefined
        const before = JSON.stringify(fold.get(event.job_id))
        const anomalies = fold.anomalies(event.job_id).length
        const fact = made === undefined || Result.isFailure(made) ? undefined : made.success
        const isTaken = fact !== undefined && Result.isSuccess(recording.decide(fold, fact))
        fold.apply(event)
        const isClean = fold.anomalies(event.job_id).length === anomalies
        if (isTaken) expect([isClean, JSON.stringify(fold.get(event.job_id)) === before]).toEqual([true, false])
      }
    }))
})

it("folding never throws, whatever it is given", () =>
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), (events) => {
      const fold = new Fold(Jobs)
      for (const event of events) fold.apply(event as RecordedEvent)
      foldAll(Jobs, events as ReadonlyArray<RecordedEvent>)
    }),
    { numRuns: runs },
  ))

it("the histories reach every end, so that the laws are about something", () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(history, (events) => {
      const fold = foldAll(Jobs, events)
      for (const [runId] of fold.entries()) seen.add(jobStatus(fold, runId).status)
      for (const [, anomalies] of fold.anomalous()) for (const { code } of anomalies) seen.add(code)
    }),
    { numRuns: 2000, seed: 7 },
  )
  for (const reached of [
    "running",
    "verified",
    "verifier_rejected",
    "failed",
    "duplicate_key",
    "broken_attempt_chain",
    "unknown_attempt",
    "key_mismatch",
    "run_mismatch",
    "second_terminal",
    "after_terminal",
    "settled_run",
    "verdict_does_not_join",
    "malformed_payload",
  ])
    expect([...seen]).toContain(reached)
})
