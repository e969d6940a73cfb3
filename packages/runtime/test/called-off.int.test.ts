/** A run whose job is called off: no verdict after it, no agent after it, and one story in both. */
import { Ledger } from "@waybill/ledger"
import { jobStatus, Jobs } from "@waybill/workspace-job"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { runWorker, settlementExecutor, settlementOnly } from "../src/index.ts"
import { settleOn } from "./support/crashTable.ts"
import { makeMachine } from "./support/Machine.ts"
import { ask, cancel, events, heldUp, jobNow, jobspec, jobTypes, queue, settleJob } from "./support/ownJobs.ts"
import { leave } from "./support/sloppyJob.ts"
import { accept, declare, reject, spec, types, verifierOf, world } from "./support/world.ts"

const expectInterrupted = Effect.gen(function* () {
  const ledger = yield* Ledger
  const status = yield* ledger.query(Jobs, (view) => jobStatus(view, "run-1"))
  expect(status).toMatchObject({ status: "failed", failed: { failure: { phase: "submit", reason: "interrupted" } } })
  expect((yield* jobNow())?.status).toBe("cancelled")
  expect((yield* jobTypes).filter((type) => /^(completed|failed|cancelled)$/u.test(type))).toEqual(["cancelled"])
  const before = yield* events
  expect(yield* settleJob(declare())).toEqual(status)
  expect(yield* events).toHaveLength(before.length)
})

describe("a run whose job is cancelled ends as interrupted, in the settlement and in the job", () => {
  it("within a heartbeat, whatever it waits for", () =>
    world().run(
      Effect.gen(function* () {
        const { isAtWork, job } = yield* heldUp
        const settling = yield* Effect.forkChild(settleJob(job))
        yield* Deferred.await(isAtWork)
        yield* cancel()
        yield* TestClock.adjust("15 seconds")
        expect((yield* Fiber.join(settling)).status).toBe("failed")
        yield* expectInterrupted
      }).pipe(Effect.provide(TestClock.layer())),
    ))

  it.each([
    ["accept", accept],
    ["reject", reject],
  ])("also when its verifier is about to %s", (_, answer) =>
    world().run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const cancelling = ledger.transact(jobspec.queue, { kind: "cancel", job_id: "run-1" }, { actor: "a test" })
        const verifier = verifierOf(() => Effect.as(Effect.orDie(cancelling), answer))
        const recovery = { maxAttempts: 3, submit: () => spec }
        expect((yield* settleJob(declare({ verifier, recovery }))).status).toBe("failed")
        yield* expectInterrupted
        expect((yield* types).slice(-2)).toEqual(["terminal_finalized", "failed"])
      }),
    ),
  )

  it("when nobody was at work on it: the next who asks ends the attempt, and starts no agent", () => {
    const { cancelled, run, runs } = world()
    return run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const isAsked = yield* Deferred.make<void>()
        const submit = () => Effect.andThen(Deferred.succeed(isAsked, undefined), Effect.never)
        const settling = yield* Effect.forkChild(settleJob(declare({ submit })))
        yield* Deferred.await(isAsked)
        yield* Fiber.interrupt(settling)
        yield* cancel()
        expect((yield* ledger.query(Jobs, (view) => jobStatus(view, "run-1"))).status).toBe("running")
        yield* settleJob(declare())
        yield* expectInterrupted
        expect([runs, cancelled]).toEqual([[], ["key-1"]])
      }),
    )
  })

  it("in a worker's settlement, too, when the verdict is there first", () =>
    world().run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const isOver = yield* Deferred.make<void>()
        const cancelling = ledger.transact(jobspec.queue, { kind: "cancel", job_id: "run-1" }, { actor: "a test" })
        const verifier = verifierOf(() => Effect.as(Effect.orDie(cancelling), accept))
        const payload = { terminal_artifact: { schema: "text/v1" } }
        yield* ask({ kind: "submit", job_type: "rpi.run", job_id: "run-1", idempotency_key: "key-1", payload })
        const worker = yield* Effect.forkChild(
          runWorker({
            executors: { "rpi.run": settlementOnly },
            settlement: settlementExecutor(() => declare({ verifier }), { jobspec }),
            observe: ({ kind }) => {
              if (kind !== "claimed") Deferred.doneUnsafe(isOver, Effect.void)
            },
          }),
        )
        yield* Deferred.await(isOver)
        yield* Fiber.interrupt(worker)
        yield* expectInterrupted
      }).pipe(Effect.provide(queue)),
    ))
})

it("an agent that is about to begin does not, when its job was called off", async () => {
  const calledOff = Effect.promise(() => machine.makeRunner().run(cancel()))
  const machine = makeMachine(leave, { twist: { submit: () => Effect.as(calledOff, spec) }, outcomes: ["interrupted"] })
  const { exit } = await settleOn(machine)
  expect(Exit.isSuccess(exit) && exit.value).toMatchObject({ failed: { failure: { reason: "interrupted" } } })
  expect(machine.starts()).toEqual([])
})
