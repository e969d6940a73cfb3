import { makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { Trails } from "../src/jsonl/Trails.ts"
import { countedFiles } from "./support/countedFiles.ts"
import { ledgerOver, write } from "./support/texts.ts"

it("what is remembered of a way is what lies above a position, and nothing of a job that went on", () => {
  const way = fc.uniqueArray(fc.integer({ min: 2, max: 500 })).map((at) => at.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(way, fc.nat(500), fc.nat(500), fc.nat(20), (positions, above, position, limit) => {
      const trails = new Trails()
      const kept = positions.filter((at) => at > above)
      const last = positions.at(-1) ?? 0
      trails.keep("a", { last, above, positions: kept })
      const want = position < above ? undefined : positions.filter((at) => at > position).slice(0, limit)
      expect(trails.find("a", last, position, limit)).toEqual(want)
      expect(trails.find("a", last + 1, position, limit)).toBe(undefined)
      expect(trails.find("b", last, position, limit)).toBe(undefined)
    }),
  )
})

/** How many bytes are read while a job of so many facts is read page by page, out of archives. */
const bytesOf = (facts: number) => {
  const { layer, process } = makeMemoryFiles()
  const counted = countedFiles(process().layer)
  const store = makeJsonlStore({ root: "/r", rotate_bytes: 4_000, compress: false })
  return Effect.runPromise(
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* Effect.flatMap(store, ledgerOver)
          for (let n = 0; n < facts; n++) yield* write(ledger, n % 2 === 0 ? "a" : "b", `text ${n}`)
        }),
      ).pipe(Effect.provide(layer))
      return yield* Effect.scoped(
        Effect.gen(function* () {
          const reading = yield* store
          yield* reading.readAfter(0, 1)
          const before = counted.bytes()
          const met: Array<number> = []
          for (let position = 0; ;) {
            const { covers, events } = yield* reading.readStream("a", position, 10)
            met.push(...events.map((event) => event.position))
            const next = Math.max(covers, events.at(-1)?.position ?? 0)
            if (next === position) break
            position = next
          }
          expect(met).toEqual(Array.from({ length: facts / 2 }, (_, i) => 2 * i + 1))
          return counted.bytes() - before
        }),
      ).pipe(Effect.provide(counted.layer))
    }),
  )
}

it("a job that is read page by page costs its length, not the square of it", async () => {
  const short = await bytesOf(100)
  const long = await bytesOf(800)
  expect(long / short).toBeLessThan(12)
})
