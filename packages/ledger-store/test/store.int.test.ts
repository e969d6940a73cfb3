import { type Files, layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Ledger, type LedgerShape, type Store, type StoreError } from "@waybill/ledger"
import { Effect, type Layer, type Scope, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { makeJsonlStore, makeMemoryStore } from "../src/index.ts"
import { Note, note, origin } from "./support/notes.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-store-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** A place; opening it twice gives two stores on the same records. */
interface Place {
  readonly open: Effect.Effect<Store, StoreError, Scope.Scope | Files>
  readonly files: Layer.Layer<Files>
}
const places: ReadonlyArray<readonly [string, () => Place]> = [
  [
    "memory",
    () => {
      const store = Effect.runSync(makeMemoryStore())
      return { open: Effect.succeed(store), files: makeMemoryFiles().layer }
    },
  ],
  [
    "JSONL on disk",
    () => ({ open: makeJsonlStore({ root: mkdtempSync(join(base, "j-")), poll_ms: 5 }), files: layerNodeFiles }),
  ],
  [
    "JSONL on the simulated disk",
    () => ({ open: makeJsonlStore({ root: "/r", poll_ms: 5 }), files: makeMemoryFiles().layer }),
  ],
]

describe.each(places)("a store in %s", (_, fresh) => {
  const promise = (
    name: string,
    keep: (a: LedgerShape, b: LedgerShape, store: Store) => Effect.Effect<void, unknown, Scope.Scope>,
  ) =>
    it(name, () => {
      const { files, open } = fresh()
      return Effect.runPromise(
        Effect.gen(function* () {
          const store = yield* open
          const first = yield* Ledger.make(store, [Note])
          yield* keep(first, yield* Ledger.make(yield* open, [Note]), store)
        }).pipe(Effect.scoped, Effect.provide(files)),
      )
    })
  const all = (ledger: LedgerShape) =>
    Effect.map(Stream.runCollect(ledger.read()), (events) => events.map(({ payload }) => payload["n"]))

  promise("S1 positions rise by one from 1, over batches and ledgers", (a, b) =>
    Effect.gen(function* () {
      const one = yield* a.append([note("x", 1), note("y", 2)], origin("r1"))
      const two = yield* b.append([note("x", 3)], origin("r2"))
      expect([...one, ...two].map(({ position }) => position)).toEqual([1, 2, 3])
      expect(yield* all(a)).toEqual([1, 2, 3])
    }),
  )
  promise("S2 a batch whose condition does not hold leaves nothing behind", (a, b) =>
    Effect.gen(function* () {
      yield* a.append([note("x", 1)], origin("r1"))
      const conflict = yield* Effect.flip(
        b.append([note("y", 2), note("x", 3)], { ...origin("r2"), expected: { x: 0 } }),
      )
      expect(conflict._tag).toBe("Conflict")
      expect(yield* all(b)).toEqual([1])
    }),
  )
  promise("S3 a unique key is taken once, whoever asks", (a, b) =>
    Effect.gen(function* () {
      const keyed = (job: string) => Note.facts.keyed.makeOrThrow(job, { key: "k" })
      yield* a.append([keyed("x")], origin("r1"))
      expect((yield* Effect.flip(b.append([keyed("y")], origin("r2"))))._tag).toBe("Conflict")
    }),
  )
  promise("S4 an append that is repeated after a lost answer is recognised and not doubled", (a, b) =>
    Effect.gen(function* () {
      const batch = () => [note("x", 1), note("x", 2)] as const
      const first = yield* a.append(batch(), { ...origin("r1"), expected: { x: 0 } })
      const again = yield* b.append(batch(), { ...origin("r1"), expected: { x: 0 } })
      expect(again.map(({ event_id }) => event_id)).toEqual(first.map(({ event_id }) => event_id))
      expect(yield* all(a)).toEqual([1, 2])
    }),
  )
  promise(
    "S5 reading goes forwards, backwards and along one job, from any position, in bounded pages",
    (a, _b, store) =>
      Effect.gen(function* () {
        for (let n = 1; n <= 50; n++) yield* a.append([note(n % 2 === 0 ? "even" : "odd", n)], origin(`r${n}`))
        const from = yield* Stream.runCollect(a.read({ after: 45 }))
        expect(from.map(({ position }) => position)).toEqual([46, 47, 48, 49, 50])
        const back = yield* Stream.runCollect(Stream.take(a.readBackwards({ before: 4 }), 9))
        expect(back.map(({ position }) => position)).toEqual([3, 2, 1])
        const even = yield* Stream.runCollect(a.readStream("even", { after: 44 }))
        expect(even.map(({ payload }) => payload["n"])).toEqual([46, 48, 50])
        for (const read of [store.readAfter(0, 7), store.readBefore(99, 7), store.readStream("odd", 0, 7)])
          expect((yield* read).events).toHaveLength(7)
      }),
  )
  promise("S6 what is read is what was written, with any text", (a, b) =>
    Effect.gen(function* () {
      const text = `\u2028<&>"\\\n\t${"𝄞é".repeat(50_000)}`
      yield* a.append([note("ünï-\u00e9", 1, text)], origin("r1"))
      const [event] = yield* Stream.runCollect(b.read())
      expect(event?.payload).toEqual({ n: 1, text })
      expect(event?.job_id).toBe("ünï-\u00e9")
    }),
  )
  promise("S7 a follower misses nothing that any ledger appends", (a, b) =>
    Effect.gen(function* () {
      yield* a.append([note("x", 0)], origin("r"))
      const writers = Effect.forEach(
        [a, b],
        (ledger, w) =>
          Effect.forEach(Array.from({ length: 20 }), (_v, i) =>
            ledger.append([note(`w${w}`, i)], origin(`r${w}-${i}`)),
          ),
        { concurrency: 2 },
      )
      const [seen] = yield* Effect.all([Stream.runCollect(Stream.take(b.tail(), 41)), writers], { concurrency: 2 })
      expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: 41 }, (_v, i) => i + 1))
    }),
  )
  promise("S8 appends at the same time are all there, each once", (a, b) =>
    Effect.gen(function* () {
      yield* Effect.forEach(
        Array.from({ length: 100 }, (_v, n) => n),
        (n) => (n % 2 === 0 ? a : b).append([note(`j${n % 7}`, n)], origin(`r${n}`)),
        { concurrency: "unbounded" },
      )
      const found = yield* all(a)
      expect([...found].sort((x, y) => Number(x) - Number(y))).toEqual(Array.from({ length: 100 }, (_v, n) => n))
    }),
  )
})
