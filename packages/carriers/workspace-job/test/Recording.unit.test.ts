/** What may be added to a job, and the typed refusal of everything else. */
import { type Fact, foldAll, Ledger } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  AlreadySettled,
  Jobs,
  KeyTaken,
  type NewJobFact,
  recording,
  recordingOf,
  RunTaken,
  Settlement,
  StaleAttempt,
  WorkspaceJob,
} from "../src/index.ts"
import {
  accept,
  attemptFrom,
  firstAttempt,
  jobRequest,
  recordedAt,
  reject,
  requestedAt,
  stored,
  submitRunId,
} from "./support/attempts.ts"

const { built, finalized, readback, requested, seeded, written } = firstAttempt()
const steps = [requested, seeded, built, written, readback, finalized]
type History = Parameters<typeof foldAll>[1]
const decide = (history: History, fact: Result.Result<NewJobFact, unknown>) =>
  recording.decide(foldAll(Jobs, history), Result.getOrThrow(fact as Result.Result<NewJobFact, Error>))
const refusal = (history: History, fact: Result.Result<NewJobFact, unknown>) => {
  const decided = decide(history, fact)
  return Result.isFailure(decided) ? decided.failure : undefined
}
const failing = (of = requested) => Settlement.fail(of, { phase: "submit", code: "c", reason: "r" }, submitRunId)
const request = (fields: Partial<Settlement.JobRequest> = {}) => Settlement.request({ ...jobRequest, ...fields })

describe("recorded", () => {
  const verified = accept(finalized)
  it.each<readonly [string, History, Result.Result<NewJobFact, unknown>]>([
    ["the first request of a run", [], request()],
    ["that of another run", steps, request({ runId: "run-2", idempotencyKey: "create-2" })],
    ["seeds", [requested], Settlement.seed(requested, [])],
    ["that an agent is started", [requested, seeded], Settlement.start(requested, { submitRunId })],
    ["what was built", steps.slice(0, 2), Settlement.build(requested, built.payload)],
    ["what was written", steps.slice(0, 3), Settlement.write(built, stored)],
    ["what was read back", steps.slice(0, 4), Settlement.readBack(written, stored)],
    ["what was finalized", steps.slice(0, 5), Settlement.finalize(requested, readback)],
    ["a yes", steps, verified],
    ["a no", steps, reject(finalized)],
    ["a failure, at any time", [requested], failing()],
    [
      "a repair of what was rejected",
      [...steps, recordedAt(7, reject(finalized))],
      Settlement.repair(requested, recordedAt(7, reject(finalized))),
    ],
  ])("%s", (_, history, fact) => {
    const decided = decide(history, fact)
    expect(Result.isSuccess(decided) && decided.success).toEqual([Result.getOrThrow(fact)])
  })
})

it("what is recorded comes back as the next helper takes it", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const ledger = yield* Ledger.make(yield* makeMemoryStore(), [WorkspaceJob])
        const origin = { actor: "a test", requestId: "r1" }
        const first = Result.getOrThrow(request())
        const [recorded] = yield* ledger.transact(recordingOf(first), first, origin)
        const seeds = Result.getOrThrow(Settlement.seed(recorded, ["a"]))
        const [seeded] = yield* ledger.transact(recordingOf(seeds), seeds, origin)
        expect(seeded.payload).toEqual({
          requestedEventId: recorded.event_id,
          runId: "run-1",
          idempotencyKey: "create-1",
          seedPaths: ["a"],
        })
        expect((yield* Effect.flip(ledger.transact(recordingOf(seeds), seeds, origin)))._tag).toBe("StaleAttempt")
      }),
    ),
  ))

it("each refusal has its tag", () => {
  const runId = "run-1"
  expect(
    [
      new KeyTaken({ idempotencyKey: "k", heldByRunId: runId, heldByEventId: "e" }),
      new RunTaken({ runId, idempotencyKey: "k" }),
      new AlreadySettled({ runId, requestedEventId: "e1", settledByEventId: "e2" }),
      new StaleAttempt({ runId, reason: "r" }),
    ].map(({ _tag }) => _tag),
  ).toEqual(["KeyTaken", "RunTaken", "AlreadySettled", "StaleAttempt"])
})

describe("refused", () => {
  const rejected = recordedAt(7, reject(finalized))
  const second = recordedAt(8, Settlement.repair(requested, rejected))
  const { finalized: secondFinalized } = attemptFrom(second)
  const repair = Settlement.repair(requested, rejected)

  it("a key that is held, whoever asks: it names the holder", () => {
    const taken = new KeyTaken({ idempotencyKey: "create-1", heldByRunId: "run-1", heldByEventId: requested.event_id })
    expect(refusal([requested], request())).toEqual(taken)
    expect(refusal([requested], request({ runId: "run-2" }))).toEqual(taken)
    expect(taken.message).toBe(`the key "create-1" is held by ${requested.event_id}`)
  })
  it("a run that exists under another key, settled or not: it names the key", () => {
    const taken = new RunTaken({ runId: "run-1", idempotencyKey: "create-1" })
    const verified = [...steps, recordedAt(7, accept(finalized))]
    for (const history of [[requested], verified])
      expect(refusal(history, request({ idempotencyKey: "create-2" }))).toEqual(taken)
    expect(taken.message).toBe('the run "run-1" was asked for under another key, "create-1"')
  })
  it("anything for an attempt that has ended: it names the end", () => {
    const end = recordedAt(7, failing())
    const history = [...steps, end]
    const settled = new AlreadySettled({
      runId: "run-1",
      requestedEventId: requested.event_id,
      settledByEventId: end.event_id,
    })
    for (const fact of [accept(finalized), reject(finalized), failing(), Settlement.seed(requested, [])])
      expect(refusal(history, fact)).toEqual(settled)
    expect(settled.message).toBe(`attempt ${requested.event_id} was settled by ${end.event_id}`)
  })

  const stale = (reason: string) => new StaleAttempt({ runId: "run-1", reason })
  it.each<readonly [string, History, Result.Result<NewJobFact, unknown>, string]>([
    ["a step of a job that is not there", [], Settlement.seed(requested, []), "there is no such job"],
    [
      "a step of an earlier attempt",
      [...steps, rejected, second],
      failing(),
      `attempt ${requested.event_id} is not the current one`,
    ],
    [
      "a second start of an agent",
      [requested, recordedAt(2, Settlement.start(requested, { submitRunId }))],
      Settlement.start(requested, { submitRunId: "submit-2" }),
      "repeated_step",
    ],
    ["a step that is recorded already", steps, Settlement.seed(requested, ["x"]), "repeated_step"],
    [
      "what was finalized before anything was read back",
      steps.slice(0, 4),
      Settlement.finalize(requested, readback),
      "nothing was read back that could be finalized",
    ],
    [
      "a verdict before anything was finalized",
      steps.slice(0, 5),
      accept(finalized),
      "verdict_does_not_join: it names no finalized artifact of this attempt",
    ],
    [
      "a verdict about another attempt's artifact",
      [...steps, rejected, second],
      accept(secondFinalized),
      "verdict_does_not_join: the artifact was never read back",
    ],
    ["a repair of what was not rejected", steps, repair, "the attempt to repair was not rejected"],
    [
      "a repair of an attempt that is not the current one",
      [requestedAt(3)],
      repair,
      "the attempt to repair is not the current one",
    ],
    ["a repair of nothing", [], repair, "the attempt to repair is not the current one"],
  ])("%s", (_, history, fact, reason) => {
    const refused = refusal(history, fact)
    expect(refused).toEqual(stale(reason))
    expect(refused?.message).toBe(`job "run-1": ${reason}`)
  })

  it("a repair that does not continue the chain: in the fold's own words", () => {
    const fact = Result.getOrThrow(repair)
    const skipping = {
      ...fact.payload,
      attempt: { index: 3, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: requested.event_id },
    }
    const hostile = { event_type: fact.event_type, job_id: "run-1", payload: skipping } as object as Fact<
      string,
      { readonly runId: string }
    >
    expect(refusal([...steps, rejected], Result.succeed(hostile))).toEqual(
      stale("broken_attempt_chain: attempt 3 does not follow 1"),
    )
  })
  it("a request in another run's stream, which no helper makes", () => {
    const { payload } = Result.getOrThrow(request())
    const hostile = { event_type: "workspace_job.requested", job_id: "run-2", payload } as object as Fact<
      string,
      { readonly runId: string }
    >
    expect(refusal([], Result.succeed(hostile))).toEqual(
      stale("run_mismatch: the payload's runId is not the event's job_id"),
    )
  })
})
