/** Fault model: fibers give way after any operation, and go on in any order. */
import { Context, Effect, Scheduler } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { makeHiding } from "../src/jsonl/hiding.ts"

/** Runs effects to the end, as far as they get: `draws` say when a fiber gives way and who goes on. */
const runAll = (effects: ReadonlyArray<Effect.Effect<void>>, draws: ReadonlyArray<number>): number => {
  let drawn = 0
  const draw = () => draws[drawn++ % draws.length] ?? 0
  // Fewer than three operations in a turn go to the yielding itself.
  const turn = () => 3 + (draw() % 8)
  let left = turn()
  const ready: Array<() => void> = []
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: () => {
      if (--left > 0) return false
      left = turn()
      return true
    },
    makeDispatcher: () => ({ scheduleTask: (task) => void ready.push(task), flush: () => {} }),
  }
  const fork = Effect.runForkWith(Context.make(Scheduler.Scheduler, scheduler))
  const fibers = effects.map((effect) => fork(effect))
  while (ready.length > 0) ready.splice(draw() % ready.length, 1)[0]?.()
  return fibers.filter((fiber) => fiber.pollUnsafe() === undefined).length
}

const steps = (count: number, each: () => void = () => {}): Effect.Effect<void> =>
  count === 0
    ? Effect.void
    : Effect.flatMap(Effect.sync(each), () => Effect.flatMap(Effect.yieldNow, () => steps(count - 1, each)))

const lengths = fc.array(fc.nat(4), { maxLength: 4 })

it("readings and appends end, whenever they give way, and nothing is hidden afterwards", () =>
  fc.assert(
    fc.property(
      lengths,
      lengths,
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 300 }),
      (readings, appends, draws) => {
        const hiding = makeHiding(() => {})
        const reads = readings.map((length) => hiding.alone(steps(length)))
        // An append is hidden as a whole where it begins beside a reading, and once more where its write has begun.
        const writes = appends.map((length) =>
          Effect.suspend(() => {
            const write = Effect.suspend(() => hiding.hideNow(steps(length)))
            return Effect.uninterruptible(hiding.isReading() ? hiding.hideWhile(write) : write)
          }),
        )
        expect(runAll([...reads, ...writes], draws)).toBe(0)
        expect(hiding.isReading() || hiding.isHiding()).toBe(false)
      },
    ),
    { numRuns: 2000 },
  ))
