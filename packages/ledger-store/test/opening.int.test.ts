import { makeMemoryFiles } from "@waybill/host"
import { Projection } from "@waybill/ledger"
import { Effect, Schema } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { countedFiles } from "./support/countedFiles.ts"
import { file, folder } from "./support/simulated.ts"
import { collect, ledgerOver, Note, origin, write, written } from "./support/texts.ts"

const Written = Projection.make({
  name: "written",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (times) => (times ?? 0) + 1,
})

const batch_facts = 1000
const jobs = 20
const jobOf = (i: number) => `job-${i % jobs}`

/** A ledger of so many facts of twenty jobs, folded all along, in files of half a mebibyte. */
const grown = (facts: number) =>
  Effect.gen(function* () {
    const { disk, layer } = makeMemoryFiles()
    const counted = countedFiles(layer)
    const open = Effect.provide(makeJsonlStore({ root: "/r", rotate_bytes: 524_288, compress: false }), counted.layer)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        yield* ledger.query(Written, (view) => view.size)
        for (let i = 0; i < facts; i += batch_facts)
          yield* ledger.append(
            Array.from({ length: batch_facts }, (_, n) => written(jobOf(i + n), `n${i + n}`)),
            origin(`r${i}`),
          )
      }),
    )
    return { disk, counted, open }
  })

it("opening reads the same bytes after four times as many facts of the same jobs, and so does the first append", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const costs: Array<readonly [opened: number, appended: number]> = []
      for (const facts of [10_000, 40_000]) {
        const { counted, open } = yield* grown(facts)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const before = counted.bytes()
            const ledger = yield* ledgerOver(yield* open)
            expect(yield* ledger.query(Written, (view) => view.get("job-3"))).toBe(facts / jobs)
            const opened = counted.bytes()
            const [fact] = yield* write(ledger, "job-3", "more")
            expect(fact?.position).toBe(facts + 1)
            costs.push([opened - before, counted.bytes() - opened])
          }),
        )
      }
      const [[few, first] = [0, 0], [many, second] = [0, 0]] = costs
      // What is unsaved may be up to the next saving, whatever the length: some thousands of records.
      expect(many).toBeLessThan(few + 4096 * 3 * 250)
      expect(many).toBeLessThan(40_000 * 150)
      expect(second).toBeLessThan(first + 500_000)
    }),
  ))

it("without the saved index, or with one that is of another ledger or damaged, everything is found all the same", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { disk, open } = yield* grown(6000)
      const index = `${folder}/index/jobs.json`
      const saved = disk.bytes(index) ?? new Uint8Array()
      expect(saved.byteLength).toBeGreaterThan(0)
      const damaged = saved.slice()
      damaged[saved.byteLength >> 1] = (damaged[saved.byteLength >> 1] ?? 0) ^ 1
      const foreign = yield* grown(5000)
      for (const content of [saved, damaged, new Uint8Array(), foreign.disk.bytes(index)]) {
        disk.overwrite(index, content ?? new Uint8Array())
        yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* ledgerOver(yield* open)
            const stream = yield* collect(ledger.readStream("job-7"))
            expect(stream.map(({ position }) => position)).toEqual(
              Array.from({ length: 6000 / jobs }, (_, i) => i * jobs + 8),
            )
            expect((yield* ledger.health).corrupt).toEqual([])
          }),
        )
      }
    }),
  ))

it("a folder that is deleted and made again under an open store is noticed: what is acknowledged is where it should be", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { disk, layer } = makeMemoryFiles()
      const open = Effect.provide(makeJsonlStore({ root: "/r" }), layer)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* ledgerOver(yield* open)
          for (const text of ["one", "two", "three"]) yield* write(ledger, "a", text)
          expect(yield* ledger.query(Written, (view) => view.get("a"))).toBe(3)
          disk.remove("/r/.agents/daemon")
          expect(yield* ledger.query(Written, (view) => view.size)).toBe(0)
          const [fact] = yield* write(ledger, "a", "anew")
          expect(fact?.position).toBe(1)
          expect(disk.bytes(file)?.byteLength).toBeGreaterThan(0)
          disk.remove("/r/.agents/daemon")
          const [again] = yield* write(ledger, "a", "once more")
          expect(again?.position).toBe(1)
          expect((yield* collect((yield* ledgerOver(yield* open)).read())).length).toBe(1)
        }),
      )
    }),
  ))
