import { Deferred, Effect, Fiber } from "effect"
import { expect, it } from "vitest"
import { type SettlementEvent, settleJob } from "../src/index.ts"
import { accept, declare, verifierOf, world } from "./support/world.ts"

it("whoever waits for a run is told who has it and since when, and goes on when it is free", async () => {
  const { run, runs } = world()
  const told: Array<SettlementEvent> = []
  const [first, second, refusal] = await run(
    Effect.gen(function* () {
      const isAtWork = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      const isWaiting = yield* Deferred.make<void>()
      const slow = verifierOf(() =>
        Effect.andThen(Deferred.succeed(isAtWork, undefined), Effect.as(Deferred.await(mayEnd), accept)),
      )
      const holder = yield* Effect.forkChild(settleJob(declare({ verifier: slow })))
      yield* Deferred.await(isAtWork)
      const refusal = yield* Effect.flip(settleJob(declare(), { holdWait_ms: 0 }))
      const waiter = yield* Effect.forkChild(
        settleJob(declare(), {
          observe: (event) => {
            told.push(event)
            if (event.kind === "waiting") Deferred.doneUnsafe(isWaiting, Effect.void)
          },
        }),
      )
      yield* Deferred.await(isWaiting)
      yield* Deferred.succeed(mayEnd, undefined)
      return [yield* Fiber.join(holder), yield* Fiber.join(waiter), refusal] as const
    }),
  )
  expect(told).toEqual([
    {
      kind: "waiting",
      at_ms: expect.any(Number),
      runId: "run-1",
      holder: { who: expect.stringContaining(`process ${process.pid} on `), since_ms: expect.any(Number) },
    },
  ])
  expect(second).toEqual(first)
  expect(runs).toHaveLength(1)
  expect(refusal).toMatchObject({ _tag: "RunHeld" })
  expect(refusal.message).toMatch(/^process \d+ on .+ is settling "run-1" since \d{4}-.+Z, and still was after 0 ms$/u)
})
