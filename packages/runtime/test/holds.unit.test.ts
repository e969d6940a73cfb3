import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { type Holder, Holds } from "../src/index.ts"
import { hold } from "../src/pipeline/Holds.ts"

const one = { who: "process 1 on a", since_ms: 1 }
const two = { who: "process 2 on b", since_ms: 2 }

/** Waits for a run that is looked at so often in vain; answers who was told of, and how often it was looked. */
const wait = (holders: ReadonlyArray<Holder | undefined>, wait_ms = Number.POSITIVE_INFINITY) => {
  const told: Array<Holder | undefined> = []
  let looks = 0
  return Effect.gen(function* () {
    const waiting = yield* Effect.forkChild(
      Effect.scoped(hold("run-1", wait_ms, (holder) => Effect.sync(() => void told.push(holder)))).pipe(Effect.exit),
    )
    yield* TestClock.adjust("1 hour")
    return { exit: yield* Fiber.join(waiting), told, looks }
  }).pipe(
    Effect.provideService(Holds, {
      tryHold: () => Effect.sync(() => looks++ >= holders.length),
      holder: () => Effect.sync(() => holders[looks - 1]),
    }),
    Effect.provide(TestClock.layer()),
    Effect.runPromise,
  )
}

it("whoever waits is told once of each holder, and once where nobody knows who it is", async () => {
  expect((await wait([one, one, one, two, two])).told).toEqual([one, two])
  expect((await wait([undefined, undefined])).told).toEqual([undefined])
  expect((await wait([])).told).toEqual([])
})

it("a wait has no end unless it was given one, and is seen all the while", async () => {
  const many = await wait(Array(1000).fill(one))
  expect(many).toMatchObject({ exit: { _tag: "Success" }, told: [one], looks: 1001 })
  const some = await wait(Array(1000).fill(one), 2000)
  expect(some.exit).toMatchObject({ _tag: "Failure" })
  expect(JSON.stringify(some.exit)).toContain("RunHeld")
  expect(some.looks).toBeLessThan(50)
})
