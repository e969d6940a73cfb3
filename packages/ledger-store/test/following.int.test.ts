/**
 * Fault model: a process has given the file that is appended to the name of an archive and fails before the next one is made.
 * Another one goes on, fills that one and makes it an archive too. Then the first looks again, and its k-th file operation fails, for
 * every k until it no longer gets that far.
 */
import { layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", compress: false, rotate_bytes }), ledgerOver)

/** Answers whether the k-th operation was reached. */
const failAt = (k: number) =>
  Effect.gen(function* () {
    const { disk, layer, process } = makeMemoryFiles()
    let fails: "the next file" | "the k-th" | undefined
    let [counted, isReached] = [0, false]
    const faulty = layerFaultyFiles(process().layer, (operation, path) => {
      if (fails === "the next file" && operation === "flush" && path.endsWith("ledger.jsonl")) {
        // The seal is flushed before the name is given, the new file after it.
        if (disk.files("/r/.agents/daemon").some((each) => each.includes("ledger.p"))) {
          fails = undefined
          return { kind: "fail", code: "EIO" }
        }
      }
      if (fails !== "the k-th" || ++counted !== k) return undefined
      isReached = true
      return { kind: "fail", code: "EIO" }
    })
    const first = yield* Effect.provide(open(400), faulty)
    const other = yield* Effect.provide(open(400), layer)
    const kept = (yield* write(first, "a", "one")).map(brief)
    fails = "the next file"
    expect((yield* Effect.exit(write(first, "a", "two")))._tag).toBe("Failure")
    expect(fails).toBeUndefined()
    for (const text of ["three", "four", "five"]) kept.push(...(yield* write(other, "a", text)).map(brief))
    fails = "the k-th"
    yield* Effect.exit(collect(first.read()))
    fails = undefined
    kept.push(...(yield* write(first, "a", "six")).map(brief))
    kept.push(...(yield* write(other, "a", "seven")).map(brief))
    for (const ledger of [first, other, yield* Effect.provide(open(9e9), layer)])
      expect((yield* collect(ledger.read())).map(brief), `the ${k}-th operation`).toEqual(kept)
    return isReached
  }).pipe(Effect.scoped)

it("whoever fails on the way behind archives has learnt nothing of them, and takes no other file for theirs", async () => {
  let k = 1
  while (await Effect.runPromise(failAt(k))) k++
  expect(k).toBeGreaterThan(5)
})
