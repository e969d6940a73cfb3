/** An operation that is done on the spot ends as it would if it were run, and one that has to wait is run. */
import { Effect, Exit, Layer } from "effect"
import { describe, expect, it } from "vitest"
import {
  atOnce,
  type Fault,
  FileError,
  Files,
  hasSucceeded,
  immediate,
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
