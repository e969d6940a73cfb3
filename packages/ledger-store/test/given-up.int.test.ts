/** Fault model: whoever reads gives up, after any number of steps. */
import { makeMemoryFiles } from "@waybill/host"
import { Effect, Fiber, References } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r" }), ledgerOver)

/**
 * Lets a reading that yields after so many operations take so many turns, and then gives it up; answers whether it was done before.
 */
const giveUpAfter = (turns: number, operations: number) =>
  Effect.gen(function* () {
    const { layer, process } = makeMemoryFiles()
    const writer = yield* Effect.provide(open, process().layer)
    const other = yield* Effect.provide(open, layer)
    const kept = (yield* write(writer, "a", "one")).map(brief)
    yield* collect(other.read())
    kept.push(...(yield* write(writer, "a", "two", "three")).map(brief))
    const slowly = Effect.provideService(References.MaxOpsBeforeYield, operations)
    const reading = yield* Effect.forkChild(slowly(collect(other.read())))
    for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
    const isDone = reading.pollUnsafe() !== undefined
    yield* Fiber.interrupt(reading)
    kept.push(...(yield* write(other, "a", "four")).map(brief))
    for (const ledger of [other, writer])
      expect((yield* collect(ledger.read())).map(brief), `after ${turns} turns of ${operations}`).toEqual(kept)
    return isDone
  }).pipe(Effect.scoped)

// Fewer than three operations in a turn go to the yielding itself.
it.each([3, 4, 5, 7])(
  "a reading of %i operations a turn that is given up after any number of turns leaves nothing out of what comes next",
  async (operations) => {
    let turns = 0
    while (!(await Effect.runPromise(giveUpAfter(turns, operations)))) turns++
    expect(turns).toBeGreaterThan(20)
  },
  120_000,
)
