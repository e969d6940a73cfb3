/** Laws over histories that somebody wrote who wants other bytes delivered, or a settled job opened again. */
import { Fold, foldAll, type RecordedEvent, type View } from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  attemptStatus,
  byIdempotencyKey,
  deliverable,
  isJobFact,
  type Job,
  Jobs,
  jobStatus,
  type JobStatus,
  type NewJobFact,
  recording,
} from "../src/index.ts"
import { hostileHistory, hostileRuns } from "./support/hostile.ts"
import { factsOf, modelOf } from "./support/model.ts"

type History = ReadonlyArray<RecordedEvent>
const hold = (law: (events: History) => void) => fc.assert(fc.property(hostileHistory, law), { numRuns: 2000 })

const artifactOf = (status: JobStatus) =>
  status.status === "verified" || status.status === "verifier_rejected" ? status.terminalArtifact : undefined
const seen = (status: JobStatus) => ({
  requestedEventId: status.status === "missing" ? "" : status.requestedEventId,
  idempotencyKey: status.status === "missing" ? "" : status.request.idempotencyKey,
  status: status.status,
  artifact: artifactOf(status),
})
/** Everything a fold says of a run. */
const toldOf = (view: View<Job>, runId: string) => {
  const job = view.get(runId)
  const attempts = job === undefined ? [] : [...job.earlier, job.current]
  return attempts.map(({ requestedEventId }) => seen(attemptStatus(view, runId, requestedEventId)))
}

describe("for every hostile history", () => {
  it("the fold says what a naive reading of the whole history says, and the job is its last attempt", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      const facts = factsOf(events)
      for (const runId of hostileRuns) {
        const expected = modelOf(facts, runId)
        expect(toldOf(fold, runId)).toEqual(expected)
        expect(seen(jobStatus(fold, runId))).toEqual(
          expected.at(-1) ?? { requestedEventId: "", idempotencyKey: "", status: "missing", artifact: undefined },
        )
      }
    }))

  it("nothing that was seen of a run changes, however the history comes in pages", () =>
    fc.assert(
      fc.property(hostileHistory, fc.integer({ min: 2, max: 8 }), (events, page) => {
        const fold = new Fold(Jobs)
        for (let from = 0; from < events.length; from += page) {
          const before = [...fold.entries()]
          const copy = structuredClone(before)
          fold.applyAll(events.slice(from, from + page))
          expect(before).toEqual(copy)
        }
        expect([...fold.entries()]).toEqual([...new Fold(Jobs).applyAll(events.values()).entries()])
      }),
      { numRuns: 1000 },
    ))

  it("what is deliverable was verified, and its bytes were finalized and read back, all in its own attempt", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      const facts = factsOf(events)
      for (const runId of hostileRuns) {
        const status = jobStatus(fold, runId)
        const released = deliverable(status)
        expect(Result.isSuccess(released)).toBe(status.status === "verified")
        if (Result.isFailure(released) || status.status !== "verified") continue
        const asked = facts.find(({ event_id, job_id }) => job_id === runId && event_id === status.requestedEventId)
        const own = facts.filter(
          ({ job_id, payload, position }) =>
            // Ids can be foretold, so a fact may name a request that is yet to come. It belongs to no attempt.
            position > (asked?.position ?? Infinity) &&
            job_id === runId &&
            payload.runId === runId &&
            "requestedEventId" in payload &&
            payload.requestedEventId === status.requestedEventId &&
            payload.idempotencyKey === status.request.idempotencyKey,
        )
        const verdict = own.find((fact) => isJobFact("verified", fact) && fact.payload === status.verdict)
        if (verdict === undefined) throw new Error("verified without a verdict of its own")
        const before = own.filter(({ position }) => position < verdict.position)
        const of = { ...released.success }
        expect(before.filter((fact) => isJobFact("artifact_readback_verified", fact))[0]?.payload).toMatchObject(of)
        const finalized = before.filter((fact) => isJobFact("terminal_finalized", fact))
        const named = finalized.filter(({ event_id }) => event_id === status.verdict.terminalFinalizedEventId)
        expect(named.map(({ payload }) => payload.terminalArtifact)).toContainEqual(of)
        expect(before.some((fact) => fact.event_type === "workspace_job.failed")).toBe(false)
      }
    }))

  it("nothing that has ended opens again: attempts keep their ends, settled jobs their status, artifact and key", () =>
    hold((events) => {
      const fold = new Fold(Jobs)
      const ended = new Map<string, string>()
      const settled = new Map<string, string>()
      const holders = new Map<string, string>()
      const remember = (known: Map<string, string>, key: string, said: unknown, isFinal: boolean) => {
        const spelled = JSON.stringify(said)
        if (known.has(key) && known.get(key) !== spelled)
          throw new Error(`${key} was ${known.get(key)}, and is ${spelled}`)
        if (isFinal) known.set(key, spelled)
      }
      for (const event of events) {
        fold.apply(event)
        const runId = event.job_id
        for (const attempt of toldOf(fold, runId))
          remember(ended, `${runId} ${attempt.requestedEventId}`, attempt, attempt.status !== "running")
        const status = seen(jobStatus(fold, runId))
        remember(settled, runId, status, status.status === "verified" || status.status === "failed")
        const { idempotencyKey: key } = status
        if (key !== "") remember(holders, key, byIdempotencyKey(fold, key), true)
      }
      for (const [runId, status] of settled) expect(JSON.stringify(seen(jobStatus(fold, runId)))).toBe(status)
    }))

  it("a run is its own stream: facts of other runs change nothing, but a key that is taken is taken", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      const requests = factsOf(events).filter((fact) => isJobFact("requested", fact))
      for (const runId of hostileRuns) {
        const isShared = requests.some(
          ({ job_id, payload }) =>
            job_id === runId &&
            requests.some((other) => other.job_id !== runId && other.payload.idempotencyKey === payload.idempotencyKey),
        )
        const alone = foldAll(
          Jobs,
          events.filter(({ job_id }) => job_id === runId),
        )
        if (!isShared) expect(fold.get(runId)).toEqual(alone.get(runId))
      }
    }))

  it("a key never leads to a run whose attempt it is not", () =>
    hold((events) => {
      const fold = foldAll(Jobs, events)
      for (const key of new Set(factsOf(events).map(({ payload }) => payload.idempotencyKey))) {
        const found = byIdempotencyKey(fold, key)
        if (found.status === "missing") continue
        expect(found.request.idempotencyKey).toBe(key)
        expect(attemptStatus(fold, found.runId, found.requestedEventId)).toMatchObject({ request: found.request })
      }
    }))

  it("the order in which it is handed over, and repetition, make no difference", () =>
    fc.assert(
      fc.property(
        hostileHistory.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
        ),
        ([events, shuffled]) => {
          const [one, two] = [foldAll(Jobs, events), foldAll(Jobs, shuffled)]
          for (const runId of hostileRuns) {
            expect(two.get(runId)).toEqual(one.get(runId))
            expect(two.anomalies(runId)).toEqual(one.anomalies(runId))
          }
        },
      ),
      { numRuns: 2000 },
    ))

  it("a fact that is recorded changes its job and fits; a settled job takes none", () =>
    hold((events) => {
      const fold = new Fold(Jobs)
      for (const event of events) {
        const [fact] = factsOf([event])
        // As if its constructor had made it; the decider does not look behind that.
        const isTaken = fact !== undefined && Result.isSuccess(recording.decide(fold, fact as object as NewJobFact))
        const before = fold.get(event.job_id)
        const { status } = jobStatus(fold, event.job_id)
        const anomalies = fold.anomalies(event.job_id).length
        fold.apply(event)
        if (!isTaken) continue
        // Asked so often that an expectation for each would take longer than all the folding.
        const isFitting = fold.anomalies(event.job_id).length === anomalies && fold.get(event.job_id) !== before
        if (!isFitting) throw new Error(`${event.event_id} was recorded, and does not fit`)
        if (status === "verified" || status === "failed")
          throw new Error(`${event.event_id} was recorded of a job that is ${status}`)
      }
    }))
})

it("the histories reach every status and every anomaly, so that the laws are about something", () => {
  const reached = new Map<string, number>()
  const count = (what: string) => reached.set(what, (reached.get(what) ?? 0) + 1)
  fc.assert(
    fc.property(hostileHistory, (events) => {
      const fold = foldAll(Jobs, events)
      for (const runId of hostileRuns) {
        count(jobStatus(fold, runId).status)
        if ((fold.get(runId)?.earlier.length ?? 0) > 0) count("several attempts")
      }
      for (const [, anomalies] of fold.anomalous()) for (const { code } of anomalies) count(code)
    }),
    { numRuns: 2000, seed: 3 },
  )
  const wanted = [
    "missing",
    "running",
    "verified",
    "verifier_rejected",
    "failed",
    "several attempts",
    "duplicate_key",
    "broken_attempt_chain",
    "unknown_attempt",
    "key_mismatch",
    "run_mismatch",
    "second_terminal",
    "after_terminal",
    "settled_run",
    "repeated_event_id",
    "verdict_does_not_join",
    "malformed_payload",
    "finalized_disagrees",
    "readback_disagrees",
    "repeated_step",
  ]
  expect(wanted.filter((what) => (reached.get(what) ?? 0) < 5)).toEqual([])
})
