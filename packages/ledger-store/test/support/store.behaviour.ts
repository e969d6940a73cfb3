/** What every store promises, run against each of them. */
import { type Store, type StoreError } from "@waybill/ledger"
import { Effect, Fiber, type Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { brief, collect, ledgerOver, named, origin, textOf, write, written } from "./texts.ts"

type Opening = Effect.Effect<Store, StoreError, Scope.Scope>

/** A place for one test: `open` may be called again and again, and each store sees the same records. */
export interface Place {
  readonly open: Opening
}

const jobs = ["a", "b", "c"]
const jobOf = (i: number) => jobs[i % jobs.length] ?? "a"

export const promisesOfStores = (kind: string, place: () => Place): void => {
  const promise = (name: string, run: (place: Place) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it(name, () => Effect.runPromise(Effect.scoped(Effect.suspend(() => run(place())))))

  describe(kind, () => {
    promise("S1 what is appended is read in the order it was appended, at positions 1, 2, 3 …", ({ open }) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        for (let i = 0; i < 20; i++) yield* write(ledger, jobOf(i), `n${i}`)
        const events = yield* collect(ledger.read())
        expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
        expect(events.map(textOf)).toEqual(Array.from({ length: 20 }, (_, i) => `n${i}`))
      }),
    )

    promise("S2 a batch is recorded whole or not at all", ({ open }) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        yield* ledger.append([named("a", "taken")], origin("r1"))
        const refused = yield* Effect.flip(
          ledger.append([written("b", "one"), named("b", "taken"), written("b", "two")], origin("r2")),
        )
        expect(refused._tag).toBe("Conflict")
        expect((yield* collect(ledger.read())).length).toBe(1)
        yield* write(ledger, "b", "one", "two", "three")
        const batch = yield* collect(ledger.readStream("b"))
        expect(batch.map((event) => event.batch)).toEqual([
          [0, 3],
          [1, 3],
          [2, 3],
        ])
      }),
    )

    promise("S3 an append whose job has moved on is refused and records nothing", ({ open }) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        const [first] = yield* write(ledger, "a", "one")
        yield* ledger.append([written("a", "two")], { ...origin("r2"), expected: { a: first?.position ?? 0 } })
        const refused = yield* Effect.flip(
          ledger.append([written("a", "other")], { ...origin("r3"), expected: { a: first?.position ?? 0 } }),
        )
        expect(refused).toMatchObject({ _tag: "Conflict", because: { kind: "position", expected: 1, actual: 2 } })
        expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one", "two"])
      }),
    )

    promise("S4 a unique key is given once, however many ask for it at the same time", ({ open }) =>
      Effect.gen(function* () {
        const [one, two] = [yield* ledgerOver(yield* open), yield* ledgerOver(yield* open)]
        const results = yield* Effect.forEach(
          Array.from({ length: 12 }, (_, i) => i),
          (i) => Effect.result((i % 2 === 0 ? one : two).append([named(`job-${i}`, "one")], origin(`r${i}`))),
          { concurrency: "unbounded" },
        )
        expect(results.filter(({ _tag }) => _tag === "Success").length).toBe(1)
      }),
    )

    promise("S5 the same append again answers with what is there and records nothing", ({ open }) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        const facts = [named("a", "x"), written("a", "one")] as const
        const options = { ...origin("r1"), expected: { a: 0 } }
        const first = yield* ledger.append(facts, options)
        const again = yield* (yield* ledgerOver(yield* open)).append(facts, options)
        expect(again.map(brief)).toEqual(first.map(brief))
        expect((yield* collect(ledger.read())).length).toBe(2)
      }),
    )

    promise("S6 a page holds at most its limit, and says how far it covers", ({ open }) =>
      Effect.gen(function* () {
        const store = yield* open
        const ledger = yield* ledgerOver(store)
        for (let i = 0; i < 9; i++) yield* write(ledger, jobOf(i), `n${i}`)
        for (const limit of [1, 2, 4, 8, 9, 10]) {
          const page = yield* store.readAfter(0, limit)
          expect(page.events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].slice(0, limit))
          expect(page.covers).toBe(Math.min(limit, 9))
          const back = yield* store.readBefore(10, limit)
          expect(back.events.map(({ position }) => position)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1].slice(0, limit))
          const stream = yield* store.readStream("b", 0, limit)
          expect(stream.events.map(({ position }) => position)).toEqual([2, 5, 8].slice(0, limit))
          expect(stream.covers).toBe(limit < 3 ? [2, 5][limit - 1] : 9)
        }
        expect((yield* store.readAfter(9, 5)).events).toEqual([])
        expect((yield* store.readBefore(1, 5)).events).toEqual([])
        expect((yield* store.readStream("nobody", 0, 5)).events).toEqual([])
      }),
    )

    promise("S7 paging from a fresh store, forwards, backwards and by job, meets every record once", ({ open }) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        for (let i = 0; i < 30; i++)
          yield* write(ledger, jobOf(i), ...Array.from({ length: 1 + (i % 3) }, () => `n${i}`))
        const all = (yield* collect(ledger.read())).map(({ position }) => position)
        for (const limit of [1, 7, 100]) {
          const store = yield* open
          const forwards: Array<number> = []
          for (let at = 0; ;) {
            const { events } = yield* store.readAfter(at, limit)
            if (events.length === 0) break
            forwards.push(...events.map(({ position }) => position))
            at = events.at(-1)?.position ?? at
          }
          expect(forwards).toEqual(all)
        }
        const fresh = yield* ledgerOver(yield* open)
        expect((yield* collect(fresh.readBackwards())).map(({ position }) => position)).toEqual(all.toReversed())
        const byJob = yield* Effect.forEach(jobs, (job) => collect(fresh.readStream(job)))
        expect(
          byJob
            .flat()
            .map(({ position }) => position)
            .toSorted((a, b) => a - b),
        ).toEqual(all)
        const later = yield* collect(fresh.readStream("a", { after: 10 }))
        expect(later.every(({ job_id, position }) => job_id === "a" && position > 10)).toBe(true)
      }),
    )

    promise("S8 whoever follows misses nothing, whoever appends", ({ open }) =>
      Effect.gen(function* () {
        const [one, two] = [yield* ledgerOver(yield* open), yield* ledgerOver(yield* open)]
        const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(one.tail(), 40)))
        yield* Effect.forEach(
          Array.from({ length: 40 }, (_, i) => i),
          (i) => write(i % 2 === 0 ? one : two, jobOf(i), `n${i}`),
          { concurrency: 8 },
        )
        const seen = yield* Fiber.join(following)
        expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
      }),
    )

    promise("S9 two stores on one place see each other's records and share one row of positions", ({ open }) =>
      Effect.gen(function* () {
        const [one, two] = [yield* ledgerOver(yield* open), yield* ledgerOver(yield* open)]
        yield* write(one, "a", "from one")
        yield* write(two, "a", "from two", "and again")
        yield* write(one, "b", "from one")
        const both = yield* Effect.forEach([one, two], (ledger) => collect(ledger.read()))
        expect(both[0]?.map(brief)).toEqual(both[1]?.map(brief))
        expect(both[0]?.map(({ position }) => position)).toEqual([1, 2, 3, 4])
      }),
    )

    promise("S10 what is opened again is what was there before, to the last field", ({ open }) =>
      Effect.gen(function* () {
        const before = yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* ledgerOver(yield* open)
            for (let i = 0; i < 5; i++) yield* write(ledger, jobOf(i), ...Array.from({ length: 1 + i }, () => `n${i}`))
            return yield* collect(ledger.read())
          }),
        )
        expect(yield* collect((yield* ledgerOver(yield* open)).read())).toEqual(before)
      }),
    )

    promise("S11 any text comes back as it was: any script, controls, separators, half a mebibyte", ({ open }) =>
      Effect.gen(function* () {
        const texts = [
          "",
          "ü 漢字 🚂 עברית",
          '\u0000\u001f\n\r\t"\\',
          "\u2028\u2029<>&",
          "\uFEFFx",
          "z".repeat(524_288),
        ]
        const ledger = yield* ledgerOver(yield* open)
        for (const text of texts) yield* write(ledger, "größe 🚂", text)
        const fresh = yield* ledgerOver(yield* open)
        expect((yield* collect(fresh.read())).map(textOf)).toEqual(texts)
        expect((yield* collect(fresh.readStream("größe 🚂"))).map(textOf)).toEqual(texts)
      }),
    )

    promise("S12 a checkpoint is kept under its name, the last one stands", ({ open }) =>
      Effect.gen(function* () {
        const store = yield* open
        const save = (position: number) =>
          store.commit((session) =>
            session.saveCheckpoint({
              name: "n",
              version: 1,
              state: {
                position,
                events: position,
                entities: [],
                anomalies: [],
                holders: [],
                skipped: { unknown: 0, malformed: 0 },
              },
            }),
          )
        expect(yield* store.loadCheckpoint("n")).toBeUndefined()
        yield* save(1)
        yield* save(2)
        expect(yield* (yield* open).loadCheckpoint("n")).toMatchObject({ name: "n", state: { position: 2 } })
      }),
    )
  })
}
