/** An operation that is done on the spot ends as it would if it were run, and one that has to wait is run. */
import { Effect, Exit, Layer } from "effect"
import { describe, expect, it } from "vitest"
import fc from "fast-check"
import {
  andThenAtOnce,
  atOnce,
  type Fault,
  FileError,
  Files,
  hasSucceeded,
  immediate,
  inTurn,
  layerFaultyFiles,
  makeMemoryFiles,
} from "../src/index.ts"

const boom = new Error("boom")
const ends: ReadonlyArray<readonly [string, () => Effect.Effect<number, string>]> = [
  ["well", () => Exit.succeed(7)],
  ["with a failure", () => Exit.fail("no")],
  ["with a defect", () => Exit.die(boom)],
  [
    "by throwing",
    () => {
      throw boom
    },
  ],
  ["later", () => Effect.as(Effect.yieldNow, 7)],
]

describe("what is done on the spot", () => {
  it.each(ends)("ends %s as it does when it is run", async (_, run) => {
    const effect = immediate(run)
    expect(await Effect.runPromiseExit(Effect.suspend(() => atOnce(effect)))).toEqual(
      await Effect.runPromiseExit(effect),
    )
  })

  it("is done once, and not before it is asked for", () => {
    let times = 0
    const effect = immediate(() => Exit.succeed(++times))
    expect(times).toBe(0)
    const outcome = atOnce(effect)
    expect([times, hasSucceeded(outcome) && outcome.value]).toEqual([1, 1])
  })

  it("is run as ever where something is put around it", () => {
    let times = 0
    const around = Effect.andThen(
      immediate(() => Exit.succeed(++times)),
      Effect.void,
    )
    expect([atOnce(around) === around, times]).toEqual([true, 0])
  })
})

describe("what is done in turn on the spot", () => {
  const kinds = ends.map(([kind]) => kind)
  const steps = (of: ReadonlyArray<string>) => {
    const done: Array<number> = []
    const effects = of.map((kind, nth) =>
      immediate(() => {
        done.push(nth)
        return ends.find(([name]) => name === kind)?.[1]() ?? Effect.void
      }),
    )
    return { done, effects }
  }

  it("does the same steps, and ends the same, as when they are run one after the other", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 }), async (of) => {
        const [one, other, third] = [steps(of), steps(of), steps(of)]
        const last = Effect.succeed("last")
        const run = await Effect.runPromiseExit(Effect.andThen(Effect.all(one.effects, { discard: true }), last))
        const inTurns = inTurn(other.effects, last)
        expect(other.done).toEqual([])
        expect(await Effect.runPromiseExit(Effect.suspend(() => atOnce(inTurns)))).toEqual(run)
        expect(await Effect.runPromiseExit(inTurn(third.effects, last))).toEqual(run)
        expect([other.done, third.done]).toEqual([one.done, one.done])
      }),
    ))

  it("is done when none of the steps waits, and hands on what each answered", () => {
    const made = andThenAtOnce(
      immediate(() => Exit.succeed(7)),
      (seven) => immediate(() => Exit.succeed(seven * 2)),
    )
    expect(atOnce(made)).toEqual(Exit.succeed(14))
  })
})

describe("faults meet what is done on the spot", () => {
  const find = (fault: Fault) => {
    const { layer } = makeMemoryFiles()
    const faulty = layerFaultyFiles(layer, (operation) => (operation === "info" ? fault : undefined))
    return Effect.gen(function* () {
      const files = yield* Files
      const directory = yield* files.openDirectory("/r", { create: true })
      return atOnce(directory.find("a"))
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(faulty)), Effect.runPromise)
  }

  it("one that fails fails it at once", async () => {
    const outcome = await find({ kind: "fail", code: "EIO" })
    expect(outcome).toEqual(Exit.fail(new FileError({ operation: "info", path: "/r/a", code: "EIO" })))
  })

  it("one that has to be waited for is left to be run", async () => {
    expect(Exit.isExit(await find({ kind: "hang" }))).toBe(false)
    expect(Exit.isExit(await find({ kind: "dieAfter" }))).toBe(false)
  })
})
