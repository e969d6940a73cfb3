import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { makeDeadline } from "../src/postgres/Deadline.ts"

const wait_ms = 45_000

/** A server that answers when it is told to, and a connection to it that can be cut. */
const connected = Effect.gen(function* () {
  const connection = yield* Deferred.make<never, string>()
  const deadline = yield* makeDeadline(wait_ms, Effect.asVoid(Deferred.fail(connection, "cut")))
  const ask = Effect.gen(function* () {
    const answer = yield* Deferred.make<string>()
    const asking = deadline.keep(Effect.raceFirst(Deferred.await(answer), Deferred.await(connection)))
    return {
      asked: yield* Effect.forkChild(Effect.result(asking), { startImmediately: true }),
      answer: Deferred.succeed(answer, "answered"),
    }
  })
  return { ask, deadline }
})

const onTestClock = (effect: Effect.Effect<void>) => () => Effect.runPromise(Effect.provide(effect, TestClock.layer()))
const outcome = <A, E>(fiber: Fiber.Fiber<A, E>) => fiber.pollUnsafe()

it(
  "what is not answered in time is cut, not before its time, and with it all that waits behind it",
  onTestClock(
    Effect.gen(function* () {
      const { ask, deadline } = yield* connected
      const first = yield* ask
      yield* TestClock.adjust(wait_ms / 2)
      const second = yield* ask
      yield* TestClock.adjust(wait_ms / 2 - 1)
      expect([outcome(first.asked), deadline.isOver]).toEqual([undefined, false])
      yield* TestClock.adjust(wait_ms / 8 + 1)
      expect(deadline.isOver).toBe(true)
      for (const { asked } of [first, second]) expect(yield* Fiber.join(asked)).toMatchObject({ failure: "cut" })
    }).pipe(Effect.scoped),
  ),
)

it(
  "who is answered in time is never cut, however long they go on asking or pause, and however closely they follow each other",
  onTestClock(
    Effect.gen(function* () {
      const { ask, deadline } = yield* connected
      for (let n = 0; n < 200; n++) {
        const { answer, asked } = yield* ask
        yield* TestClock.adjust(n % 3 === 0 ? wait_ms - 1 : n % 7)
        yield* answer
        expect(yield* Fiber.join(asked)).toMatchObject({ success: "answered" })
        if (n % 5 === 0) yield* TestClock.adjust("1 hour")
      }
      // One that gave up has not waited.
      const { asked } = yield* ask
      yield* Fiber.interrupt(asked)
      yield* TestClock.adjust("1 hour")
      expect(deadline.isOver).toBe(false)
    }).pipe(Effect.scoped),
  ),
)
