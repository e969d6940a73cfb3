/** A job from the queue that asks for a terminal artifact: both vocabularies in one stream. */
import { layerSeededEntropy } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { recording, Settlement } from "@waybill/workspace-job"
import { Deferred, Effect, Layer, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  layerLedgerQueue,
  type QueuedDeclaration,
  runWorker,
  settlementExecutor,
  settlementOnly,
  statusOf,
} from "../src/index.ts"
import { cancel, factsOf, jobNow, jobspec, listener, submit } from "./support/workplace.ts"
import { accept, reject, spec, verifierOf, world } from "./support/world.ts"

const asking = { payload: { terminal_artifact: { schema: "text/v1" } } }
const declared = (more: Partial<QueuedDeclaration> = {}): QueuedDeclaration => ({
  requestedBy: "a test",
  terminalSchemaId: "text/v1",
  seeds: [],
  candidatePath: "out.txt",
  submit: () => spec,
  verifier: verifierOf(() => Effect.succeed(accept)),
  ...more,
})
const queue = layerLedgerQueue({ jobspec }).pipe(Layer.provide(layerSeededEntropy(1)))
const place = () => world()
const options = (more: Partial<QueuedDeclaration> = {}) => ({
  executors: { "test.work": settlementOnly },
  settlement: settlementExecutor(() => declared(more)),
})

it("the settlement and the job share a stream, and the job's end names the digest", () =>
  place().run(
    Effect.scoped(
      Effect.gen(function* () {
        const { observe, until } = listener()
        yield* submit("run-1", asking)
        yield* Effect.forkScoped(runWorker({ ...options(), observe }))
        yield* until("completed", "run-1")
        const types = yield* factsOf("run-1")
        expect(types.slice(0, 3)).toEqual(["job.accepted", "job.claimed", "workspace_job.requested"])
        expect(types.slice(-2)).toEqual(["workspace_job.verified", "job.completed"])
        const status = yield* statusOf("run-1")
        if (status.status !== "verified") throw new Error(status.status)
        expect((yield* jobNow("run-1"))?.artifacts).toEqual({
          terminal_artifact: status.terminalArtifact.artifactRef,
          terminal_artifact_sha256: status.terminalArtifact.sha256,
          terminal_artifact_schema: "text/v1",
        })
        const ledger = yield* Ledger
        const reading = { now_ms: 0, replay: { corrupt_record_count: 0 } }
        const document = yield* ledger.queryAll(jobspec.projections, (views) => jobspec.status(views, reading))
        expect([...document.queue.jobs].map(({ job_id, status }) => [job_id, status])).toEqual([["run-1", "completed"]])
      }),
    ).pipe(Effect.provide(queue)),
  ))

it("a rejected artifact fails the job, and the reason is the verifier's", () =>
  place().run(
    Effect.scoped(
      Effect.gen(function* () {
        const { observe, until } = listener()
        yield* submit("run-1", asking)
        yield* Effect.forkScoped(
          runWorker({ ...options({ verifier: verifierOf(() => Effect.succeed(reject)) }), observe }),
        )
        yield* until("failed", "run-1")
        expect((yield* jobNow("run-1"))?.failure?.message).toBe("the verifier rejected the artifact: no good")
      }),
    ).pipe(Effect.provide(queue)),
  ))

it("a job whose type is only settled and that asks for nothing fails with what is missing; one whose key is another run's is not touched", () =>
  place().run(
    Effect.scoped(
      Effect.gen(function* () {
        const { observe, until } = listener()
        const ledger = yield* Ledger
        // As a program of before leaves it, which knew no jobs.
        const request = Settlement.request({
          runId: "other",
          idempotencyKey: "k",
          requestedBy: "a test",
          terminalSchemaId: "text/v1",
        })
        yield* ledger.transact(recording, Result.getOrThrow(request), { actor: "a test", requestId: "r" })
        yield* submit("plain")
        yield* submit("run-1", { ...asking, idempotency_key: "k" })
        yield* Effect.forkScoped(runWorker({ ...options(), observe }))
        yield* until("failed", "run-1")
        expect((yield* jobNow("plain"))?.failure?.message).toContain("its payload needs terminal_artifact")
        expect((yield* jobNow("run-1"))?.failure?.message).toBe('the key "k" stands for "other"')
        expect(yield* factsOf("run-1")).toEqual(["job.accepted", "job.claimed", "job.failed"])
      }),
    ).pipe(Effect.provide(queue)),
  ))

it("a worker that was cut off leaves the settlement to the next, which goes on and runs no agent twice", async () => {
  const { run, runs } = place()
  await run(
    Effect.scoped(
      Effect.gen(function* () {
        const isVerifying = yield* Deferred.make<void>()
        const stuck = verifierOf(() => Effect.andThen(Deferred.succeed(isVerifying, undefined), Effect.never))
        yield* submit("run-1", asking)
        const one = yield* Effect.forkScoped(runWorker({ ...options({ verifier: stuck }), drain_ms: 0 }))
        yield* Deferred.await(isVerifying)
        yield* Effect.sync(() => one.interruptUnsafe())
        const { observe, until } = listener()
        yield* Effect.forkScoped(runWorker({ ...options(), observe }))
        yield* until("completed", "run-1")
        expect((yield* jobNow("run-1"))?.attempt).toBe(2)
        expect((yield* statusOf("run-1")).status).toBe("verified")
      }),
    ).pipe(Effect.provide(queue)),
  )
  expect(runs).toHaveLength(1)
})

it("a cancelled job's open attempt ends as interrupted in the phase submit", () =>
  place().run(
    Effect.scoped(
      Effect.gen(function* () {
        const { observe, until } = listener()
        const isVerifying = yield* Deferred.make<void>()
        const stuck = verifierOf(() => Effect.andThen(Deferred.succeed(isVerifying, undefined), Effect.never))
        yield* submit("run-1", asking)
        yield* Effect.forkScoped(runWorker({ ...options({ verifier: stuck }), observe }))
        yield* Deferred.await(isVerifying)
        yield* cancel("run-1")
        yield* TestClock.adjust("15 seconds")
        yield* until("lost", "run-1")
        const events = yield* Effect.flatMap(Ledger, (ledger) => Stream.runCollect(ledger.readStream("run-1")))
        expect(events.slice(-2).map(({ event_type }) => event_type)).toEqual(["job.cancelled", "workspace_job.failed"])
        expect(events.at(-1)?.payload["failure"]).toMatchObject({ phase: "submit", reason: "interrupted" })
      }),
    ).pipe(Effect.provide(queue), Effect.provide(TestClock.layer())),
  ))
