import { DatabaseError } from "@waybill/ledger-store/postgres"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { makePatience } from "../src/postgres/failures.ts"

const cut = new DatabaseError({ failure: "cut", reason: "gone" })
const rolled_back = new DatabaseError({ failure: "rolled_back", reason: "deadlock" })

/** Asks a server that fails as told until it is there, and counts how often it was asked. */
const asking = () => {
  const { persist } = makePatience(10_000)
  const server = { failure: cut as DatabaseError | undefined, asked: 0 }
  const call = persist(
    Effect.suspend(() => {
      server.asked++
      return server.failure === undefined ? Effect.succeed("here") : Effect.fail(server.failure)
    }),
  )
  const ask = Effect.forkChild(Effect.exit(call), { startImmediately: true })
  return { server, ask, asks: Effect.map(Effect.exit(call), ({ _tag }) => _tag) }
}

const onTestClock = (effect: Effect.Effect<void>) => () => Effect.runPromise(Effect.provide(effect, TestClock.layer()))

it(
  "a server that is gone is waited for once, by all together; then each is told after one attempt, until it is back",
  onTestClock(
    Effect.gen(function* () {
      const { ask, asks, server } = asking()
      const first = yield* ask
      yield* TestClock.adjust("6 seconds")
      const second = yield* ask
      yield* TestClock.adjust("6 seconds")
      expect([(yield* Fiber.join(first))._tag, (yield* Fiber.join(second))._tag]).toEqual(["Failure", "Failure"])
      expect(server.asked).toBeGreaterThan(10)
      for (let n = 0; n < 5; n++) {
        yield* TestClock.adjust("3 seconds")
        server.asked = 0
        expect([yield* asks, server.asked]).toEqual(["Failure", 1])
      }
      server.failure = undefined
      expect(yield* asks).toBe("Success")

      // It goes again, and is waited for again.
      server.failure = cut
      const third = yield* ask
      yield* TestClock.adjust("9 seconds")
      server.failure = undefined
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(third))._tag).toBe("Success")
    }),
  ),
)

it(
  "an outage that nobody has looked at for long is not taken to last",
  onTestClock(
    Effect.gen(function* () {
      const { ask, server } = asking()
      const first = yield* ask
      yield* TestClock.adjust("12 seconds")
      expect((yield* Fiber.join(first))._tag).toBe("Failure")
      yield* TestClock.adjust("1 hour")
      const second = yield* ask
      yield* TestClock.adjust("5 seconds")
      server.failure = undefined
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(second))._tag).toBe("Success")
    }),
  ),
)

it(
  "a transaction that the server gave up says that it is there",
  onTestClock(
    Effect.gen(function* () {
      const { ask, server } = asking()
      const first = yield* ask
      yield* TestClock.adjust("12 seconds")
      expect((yield* Fiber.join(first))._tag).toBe("Failure")
      server.failure = rolled_back
      const second = yield* ask
      yield* TestClock.adjust("5 seconds")
      server.failure = undefined
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(second))._tag).toBe("Success")
    }),
  ),
)
