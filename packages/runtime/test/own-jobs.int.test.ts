/** What a program settles by itself is a job in the queue like any other. */
import { recording, recordingOf, Settlement, submitFailure } from "@waybill/workspace-job"
import { Ledger } from "@waybill/ledger"
import { Deferred, Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { AgentError, runWorker, settlementExecutor, settlementOnly } from "../src/index.ts"
import {
  ask,
  claimFor,
  day_ms,
  events,
  heldUp,
  jobNow,
  jobspec,
  jobTypes,
  queue,
  settleJob,
} from "./support/ownJobs.ts"
import { accept, declare, reject, spec, types, verifierOf, world } from "./support/world.ts"

describe("a settlement that is started directly", () => {
  it("is asked for and ended in one batch with its job, whose end names the digest", () =>
    world().run(
      Effect.gen(function* () {
        const status = yield* settleJob(declare())
        if (status.status !== "verified") throw new Error(status.status)
        const all = yield* events
        const shown = all.map(
          ({ batch, event_type }) => `${event_type}${batch === undefined ? "" : ` ${batch.join("/")}`}`,
        )
        expect([...shown.slice(0, 3), ...shown.slice(-2)]).toEqual([
          "job.accepted 0/2",
          "workspace_job.requested 1/2",
          "job.claimed",
          "workspace_job.verified 0/2",
          "job.completed 1/2",
        ])
        expect(new Set(all.map(({ request_id }) => request_id)).size).toBe(1)
        expect(yield* jobNow()).toMatchObject({
          job_type: "settlement.run",
          status: "completed",
          idempotency_key: "key-1",
          payload: { terminal_artifact: { schema: "text/v1" }, requested_by: "a test" },
          artifacts: { terminal_artifact_sha256: status.terminalArtifact.sha256 },
        })
        const before = all.length
        yield* settleJob(declare())
        expect(yield* events).toHaveLength(before)
      }),
    ))

  it("fails its job with the reason when it is rejected for good, and when it has no verdict", () =>
    world().run(
      Effect.gen(function* () {
        yield* settleJob(declare({ verifier: verifierOf(() => Effect.succeed(reject)) }))
        expect((yield* jobNow())?.failure?.message).toBe("the verifier rejected the artifact: no good")
        const other = { runId: "run-2", idempotencyKey: "key-2", verifier: verifierOf(() => Effect.die("no")) }
        yield* settleJob(declare(other))
        expect((yield* jobNow("run-2"))?.failure?.message).toMatch(
          /^the settlement failed: workspace_job\.verifier_failed$/u,
        )
      }),
    ))

  it("gives its job back when attempts are left that nobody wants now, and goes on under it when somebody does", () =>
    world((attempt) => `work ${attempt}`).run(
      Effect.gen(function* () {
        let isWanted = false
        const verifier = verifierOf(({ attempt }) => Effect.succeed(attempt === 1 ? reject : accept))
        const recovery = { maxAttempts: 2, shouldRepair: () => isWanted, submit: () => spec }
        expect(yield* settleJob(declare({ verifier, recovery }))).toMatchObject({ status: "verifier_rejected" })
        expect((yield* jobNow())?.status).toBe("retry_waiting")
        isWanted = true
        expect((yield* settleJob(declare({ verifier, recovery }))).status).toBe("verified")
        expect(yield* jobTypes).toEqual(["accepted", "claimed", "lease_expired", "claimed", "completed"])
      }),
    ))

  it("is claimed neither by its id while it runs nor by a worker that does other types", () =>
    world().run(
      Effect.gen(function* () {
        const { isAtWork, job, mayEnd } = yield* heldUp
        const settling = yield* Effect.forkChild(settleJob(job))
        yield* Deferred.await(isAtWork)
        expect(yield* Effect.flip(claimFor(1000))).toMatchObject({ _tag: "NotClaimable", reason: "held" })
        yield* Fiber.interrupt(settling)
        expect((yield* jobNow())?.status).toBe("retry_waiting")
        const general = { executors: { "rpi.run": settlementOnly }, settlement: settlementExecutor(() => declare()) }
        const worker = yield* Effect.forkChild(runWorker(general))
        yield* Effect.repeat(Effect.yieldNow, { times: 200 })
        yield* Fiber.interrupt(worker)
        expect((yield* jobNow())?.attempt).toBe(1)
        yield* Deferred.succeed(mayEnd, undefined)
        expect((yield* settleJob(job)).status).toBe("verified")
        expect((yield* jobNow())?.attempt).toBe(2)
      }).pipe(Effect.provide(queue)),
    ))

  it("lasts as long as it needs under heartbeats", () =>
    world().run(
      Effect.gen(function* () {
        const { isAtWork, job, mayEnd } = yield* heldUp
        const settling = yield* Effect.forkChild(settleJob(job))
        yield* Deferred.await(isAtWork)
        for (let n = 0; n < 20; n++) yield* TestClock.adjust("15 seconds")
        expect(yield* Effect.flip(claimFor(1000))).toMatchObject({ reason: "held" })
        yield* Deferred.succeed(mayEnd, undefined)
        yield* Fiber.join(settling)
        expect(new Set(yield* jobTypes)).toEqual(new Set(["accepted", "claimed", "heartbeat", "completed"]))
      }).pipe(Effect.provide(queue), Effect.provide(TestClock.layer())),
    ))
})

describe("a job that somebody else claims while its run is held or left", () => {
  it("is taken from a holder that cannot be at work on the run, without waiting for its lease", () =>
    world().run(
      Effect.gen(function* () {
        const { isAtWork, job } = yield* heldUp
        const settling = yield* Effect.forkChild(settleJob(job))
        yield* Deferred.await(isAtWork)
        yield* Fiber.interrupt(settling)
        const stranger = yield* claimFor(day_ms)
        expect((yield* settleJob(declare())).status).toBe("verified")
        expect(yield* Effect.flip(stranger.heartbeat(1000))).toMatchObject({ _tag: "LeaseLost", reason: "ended" })
        const fenced = ["claimed", "lease_expired", "claimed"]
        expect(yield* jobTypes).toEqual(["accepted", "claimed", "lease_expired", ...fenced, "completed"])
      }).pipe(Effect.provide(queue)),
    ))

  it.each([0, 15])("is taken again, after %i s of the heartbeat, and the work is not interrupted", (seconds) =>
    world().run(
      Effect.gen(function* () {
        const { isAtWork, job, mayEnd } = yield* heldUp
        const settling = yield* Effect.forkChild(settleJob(job))
        yield* Deferred.await(isAtWork)
        // As after the sleep of a laptop, in which the lease ran out.
        yield* ask({ kind: "expire", job_id: "run-1", now_ms: 0, isHolderGone: true })
        yield* claimFor(day_ms)
        yield* TestClock.adjust(`${seconds} seconds`)
        yield* Deferred.succeed(mayEnd, undefined)
        expect((yield* Fiber.join(settling)).status).toBe("verified")
        expect((yield* jobNow())?.lease_epoch).toBe(3)
        expect((yield* types).filter((type) => type === "terminal_build_attempted")).toHaveLength(1)
      }).pipe(Effect.provide(queue), Effect.provide(TestClock.layer())),
    ),
  )

  it("is ended by whoever goes on, when a worker died between the verdict and the job's end", () =>
    world().run(
      Effect.gen(function* () {
        const isSettled = yield* Deferred.make<void>()
        const settlement = settlementExecutor(() => declare(), { jobspec })
        const dying = {
          execute: (job: Parameters<typeof settlement.execute>[0]) =>
            Effect.tap(settlement.execute(job), () =>
              Effect.andThen(Deferred.succeed(isSettled, undefined), Effect.never),
            ),
        }
        const payload = { terminal_artifact: { schema: "text/v1" } }
        yield* ask({ kind: "submit", job_type: "rpi.run", job_id: "run-1", idempotency_key: "key-1", payload })
        const worker = yield* Effect.forkChild(
          runWorker({ executors: { "rpi.run": settlementOnly }, settlement: dying, drain_ms: 0 }),
        )
        yield* Deferred.await(isSettled)
        expect((yield* jobNow())?.status).toBe("running")
        expect((yield* settleJob(declare())).status).toBe("verified")
        expect((yield* jobNow())?.status).toBe("completed")
        yield* Fiber.interrupt(worker)
        expect((yield* jobTypes).filter((type) => type === "completed")).toHaveLength(1)
      }).pipe(Effect.provide(queue)),
    ))
})

describe("asking for a run that is not new", () => {
  const named = { runId: "run-1", idempotencyKey: "key-1", requestedBy: "a test", terminalSchemaId: "text/v1" }
  const request = () => Result.getOrThrow(Settlement.request(named))
  const origin = { actor: "a test", requestId: "r" }

  it("a run of a program that knew no jobs gets one, and is gone on with", () =>
    world().run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.transact(recording, request(), origin)
        expect((yield* settleJob(declare())).status).toBe("verified")
        expect((yield* jobNow())?.status).toBe("completed")
      }),
    ))

  it("one that it had settled is answered with what is recorded, and nothing is added", () =>
    world().run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const asked = request()
        const [requested] = yield* ledger.transact(recordingOf(asked), asked, origin)
        const failed = Result.getOrThrow(Settlement.fail(requested, submitFailure("tool_error")))
        yield* ledger.transact(recording, failed, origin)
        expect((yield* settleJob(declare())).status).toBe("failed")
        expect(yield* jobTypes).toEqual([])
      }),
    ))

  it("a key as long as the queue takes is the job's own; a longer one is refused before anything is recorded", () =>
    world().run(
      Effect.gen(function* () {
        const job = declare({ idempotencyKey: "ä".repeat(128) })
        const status = yield* settleJob(job)
        expect((yield* jobNow())?.idempotency_key).toBe(job.idempotencyKey)
        expect(yield* settleJob({ ...job, runId: "another" })).toEqual(status)
        expect(yield* jobTypes).toEqual(["accepted", "claimed", "completed"])
        const refused = yield* Effect.flip(settleJob(declare({ runId: "r", idempotencyKey: "a".repeat(257) })))
        expect(refused.message).toMatch(/^idempotencyKey is longer than 256 bytes\. /u)
      }),
    ))

  it("a key that stands for a job of the queue settles that job", () =>
    world().run(
      Effect.gen(function* () {
        const payload = { terminal_artifact: { schema: "text/v1" } }
        yield* ask({ kind: "submit", job_type: "rpi.run", job_id: "queued", idempotency_key: "key-1", payload })
        expect(yield* settleJob(declare())).toMatchObject({ status: "verified", runId: "queued" })
        expect((yield* jobNow("queued"))?.status).toBe("completed")
        expect(yield* jobNow("run-1")).toBeUndefined()
      }),
    ))

  it.each([
    ["is no settlement", { idempotency_key: "key-1" }, "JobIsNoSettlement"],
    ["has another key", { idempotency_key: "other", payload: { terminal_artifact: {} } }, "RunTaken"],
    ["has no key but its id", { payload: { terminal_artifact: {} } }, "RunTaken"],
  ])("a job of that id that %s is refused, and nothing is recorded", (_, more, tag) =>
    world().run(
      Effect.gen(function* () {
        yield* ask({ kind: "submit", job_type: "rpi.run", job_id: "run-1", ...more })
        expect(yield* Effect.flip(settleJob(declare()))).toMatchObject({ _tag: tag })
        expect(yield* events).toHaveLength(1)
      }),
    ),
  )

  it("a call that fails gives the job back, so that the next need not wait", () => {
    const { refuseWith, run } = world()
    return run(
      Effect.gen(function* () {
        refuseWith(new AgentError({ code: "folder_refused", key: "key-1", detail: "no room" }))
        expect(yield* Effect.flip(settleJob(declare()))).toMatchObject({ _tag: "AgentError" })
        expect((yield* jobNow())?.status).toBe("retry_waiting")
        refuseWith(undefined)
        expect((yield* settleJob(declare())).status).toBe("verified")
        expect(yield* jobTypes).toEqual(["accepted", "claimed", "lease_expired", "claimed", "completed"])
      }),
    )
  })

  it.each([
    [{ lease_ms: 999 }, "lease_ms is 999, not from 1000 to 86400000"],
    [{ lease_ms: 15_000 }, "heartbeat_ms is 15000, not less than the lease of 15000 ms"],
  ])("terms that cannot work are refused before anything is recorded: %j", (terms, message) =>
    world().run(
      Effect.gen(function* () {
        expect((yield* Effect.flip(settleJob(declare(), terms))).message).toBe(
          `${message}. Nothing was begun: correct it and ask again`,
        )
        expect(yield* events).toEqual([])
      }),
    ),
  )
})
