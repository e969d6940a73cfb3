import { type Files, layerFaultyFiles } from "@waybill/host"
import { encodeLine, Projection } from "@waybill/ledger"
import { Effect, Exit, type Layer, Schema, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { bytesOf, file, noteLine, simulated } from "./support/simulated.ts"
import { collect, ledgerOver, Note, textOf, write } from "./support/texts.ts"

const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>) => Effect.runPromise(Effect.scoped(effect))

const Written = Projection.make({
  name: "written",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (times) => (times ?? 0) + 1,
})

const rotating = (files: Layer.Layer<Files>) =>
  Effect.provide(makeJsonlStore({ root: "/r", rotate_bytes: 600, compress: false }), files)

/** More than a store reads at a time. */
const count = 400
const long = `${Array.from({ length: count }, (_, i) => noteLine(i + 1, "x".repeat(10_000))).join("\n")}\n`

it("a record is found from any position by a store that has read nothing yet, however far in it lies", () =>
  run(
    Effect.gen(function* () {
      const { open } = simulated(long)
      for (const position of [0, 1, 99, 150, 250, count - 2, count - 1]) {
        const page = yield* (yield* open).readAfter(position, 1)
        expect(page.events.map((event) => event.position)).toEqual([position + 1])
        expect(page.covers).toBe(position + 1 === count ? count : position + 1)
      }
      const beyond = yield* (yield* open).readAfter(count + 5, 1)
      expect([beyond.events, beyond.covers]).toEqual([[], count])
      expect((yield* collect((yield* ledgerOver(yield* open)).read({ after: count - 3 }))).length).toBe(3)
    }),
  ))

it("a page that is bounded in bytes ends where they are reached, and pages leave nothing out, also of one job", () =>
  run(
    Effect.gen(function* () {
      const { layer } = simulated()
      const ledger = yield* ledgerOver(yield* rotating(layer))
      for (let i = 0; i < 30; i++) yield* write(ledger, `j${i % 2}`, "x".repeat((i * 37) % 500))
      const store = yield* rotating(layer)
      for (const bytes_max of [1, 500, 2000, 100_000])
        for (const [step, read] of [
          [1, (after: number) => store.readAfter(after, 1024, bytes_max)],
          [2, (after: number) => store.readStream("j1", after, 1024, bytes_max)],
        ] as const) {
          const found: Array<number> = []
          for (let after = 0; ;) {
            const { covers, events } = yield* read(after)
            if (events.length === 0 && covers <= after) break
            const bytes = events.slice(0, -1).reduce((sum, event) => sum + encodeLine(event).length + 1, 0)
            expect(bytes).toBeLessThan(bytes_max)
            for (const { position } of events) found.push(position)
            after = events.at(-1)?.position ?? covers
          }
          expect(found).toEqual(Array.from({ length: 30 / step }, (_, i) => (i + 1) * step))
        }
    }),
  ))

it("the checkpoint of the ledger's own index is used, however far into the file it stands: nothing before it is read but the first record, when the ledger is opened", () =>
  run(
    Effect.gen(function* () {
      const { open } = simulated(long)
      yield* Effect.scoped(Effect.flatMap(Effect.flatMap(open, ledgerOver), (ledger) => ledger.saveCheckpoint(Written)))
      const asked: Array<readonly [position: number, limit: number]> = []
      const store = yield* open
      const watched = (position: number, limit: number) => {
        asked.push([position, limit])
        return store.readAfter(position, limit)
      }
      const ledger = yield* ledgerOver({ ...store, readAfter: watched, foldAfter: watched })
      expect(yield* ledger.query(Written, (view) => view.get("a"))).toBe(count)
      expect(asked.filter(([position]) => position < count - 1)).toEqual([[0, 1]])
    }),
  ))

it("a first reading that failed anywhere is begun anew by the next, on the same store", async () => {
  const { layer } = simulated()
  await run(
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* rotating(layer))
      for (let i = 0; i < 8; i++) yield* write(ledger, `j${i % 2}`, `n${i}`)
    }),
  )
  const readAll = () => run(Effect.flatMap(rotating(layer), (store) => store.readStream("j1", 0, 99)))
  const truth = await readAll()
  expect(truth.events.length).toBe(4)
  for (let k = 1; ; k++) {
    let isReached = false
    const faulty = layerFaultyFiles(layer, (_operation, _path, nth) => {
      if (nth !== k) return undefined
      isReached = true
      return { kind: "fail", code: "EIO" }
    })
    await run(
      Effect.gen(function* () {
        const opened = yield* rotating(faulty)
        yield* Effect.exit(opened.readStream("j1", 0, 99))
        if (!isReached) return
        expect([k, (yield* opened.readStream("j1", 0, 99)).events]).toEqual([k, truth.events])
      }),
    )
    if (isReached) continue
    expect(k).toBeGreaterThan(30)
    return
  }
})

it("a line that was taken back after it was read, and another written in its place, is forgotten by who has read it", () =>
  run(
    Effect.gen(function* () {
      const lines = (...texts: ReadonlyArray<string>) => texts.map((text, i) => `${noteLine(i + 1, text)}\n`).join("")
      const { disk, open } = simulated(lines("one", "given up"))
      const reader = yield* ledgerOver(yield* open)
      expect((yield* collect(reader.read())).map(textOf)).toEqual(["one", "given up"])
      disk.overwrite(file, bytesOf(lines("one", "another, which is longer", "three")))
      expect((yield* collect(reader.read())).map(textOf)).toEqual(["one", "another, which is longer", "three"])
    }),
  ))

it("what is told of a line whose writer died before its flush is still there after power is cut", () => {
  const { disk, layer, open } = simulated()
  let isWritten = false
  const dying = layerFaultyFiles(layer, (operation, path) => {
    if (path !== file) return undefined
    if (operation === "write") isWritten = true
    return isWritten && operation === "flush" ? { kind: "die" } : undefined
  })
  return run(
    Effect.gen(function* () {
      const victim = yield* ledgerOver(yield* Effect.provide(makeJsonlStore({ root: "/r" }), dying))
      expect(Exit.isFailure(yield* Effect.exit(write(victim, "a", "one")))).toBe(true)
      const told = (yield* collect((yield* ledgerOver(yield* open)).read())).map(textOf)
      expect(told).toEqual(["one"])
      disk.crash()
      expect((yield* collect((yield* ledgerOver(yield* open)).read())).map(textOf)).toEqual(told)
    }),
  )
})
