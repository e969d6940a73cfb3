import { Cause, Effect, Exit, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { inTime, streamInTime } from "../src/pipeline/inTime.ts"

const timed = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(Effect.provide(effect, TestClock.layer()))
const late = (deadline_ms: number) => `late after ${deadline_ms} ms`
const failureOf = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined

const collected = (source: Stream.Stream<number, string>) =>
  Effect.exit(Stream.runCollect(streamInTime(source, 100, late)))

describe("a stream has time for each of its steps, and not for the whole", () => {
  it("goes through as it is, however long it takes in all", () =>
    timed(
      Effect.gen(function* () {
        const slow = Stream.range(1, 6).pipe(Stream.mapEffect((n) => Effect.as(Effect.sleep(99), n)))
        const fiber = yield* Effect.forkChild(collected(slow))
        yield* TestClock.adjust(6 * 99)
        expect(yield* Fiber.join(fiber)).toEqual(Exit.succeed([1, 2, 3, 4, 5, 6]))
      }),
    ))

  it.each([
    ["the first piece", Stream.never],
    ["a later piece", Stream.concat(Stream.make(1), Stream.never)],
    ["letting go", Stream.make(1).pipe(Stream.ensuring(Effect.never))],
    ["a piece of one that is deaf", Stream.fromEffect(Effect.uninterruptible(Effect.never))],
  ] as const)("fails when %s does not come in time, and not before", (_, source) =>
    timed(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(collected(source))
        yield* TestClock.adjust(99)
        expect(fiber.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust(1)
        expect(failureOf(yield* Fiber.join(fiber))).toBe("late after 100 ms")
      }),
    ),
  )

  it("fails as it does itself, and lets go before it ends", () =>
    timed(
      Effect.gen(function* () {
        const told: Array<string> = []
        const source = (end: Stream.Stream<number, string>) =>
          Stream.concat(Stream.make(1), end).pipe(Stream.ensuring(Effect.sync(() => void told.push("let go"))))
        expect(failureOf(yield* collected(source(Stream.fail("broken"))))).toBe("broken")
        told.push("and then")
        yield* collected(source(Stream.empty))
        expect(told).toEqual(["let go", "and then", "let go"])
      }),
    ))
})

it("who is interrupted while it waits interrupts what it waits for", () =>
  timed(
    Effect.gen(function* () {
      const told: Array<string> = []
      const run = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void told.push("interrupted")))
      const fiber = yield* Effect.forkChild(inTime(run, 100, late), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* Effect.yieldNow
      expect(told).toEqual(["interrupted"])
    }),
  ))
