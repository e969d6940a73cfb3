/** Reading: pages, tails, queries, and several ledgers over one store. */
import { type Page, type Store, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { AlreadyOpen, Diary, Doors, openDoor } from "./support/door.ts"
import { all, by, open, openedBy, run, settle } from "./support/ledgers.ts"
import { makeGatedStore } from "./support/stores.ts"

describe("two ledgers over one store", () => {
  it("see each other's facts and decide on them", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const [one, two] = [yield* open(store), yield* open(store)]
        yield* one.query(Diary, () => 0)
        yield* two.transact(openDoor, { door: "front", by: "bob" }, by("r1"))
        expect(yield* Effect.flip(one.transact(openDoor, { door: "front", by: "ada" }, by("r2")))).toBeInstanceOf(
          AlreadyOpen,
        )
        expect(yield* one.query(Diary, (diary) => diary.get("all")?.length)).toBe(1)
      }),
    ))
  it("what is known includes all that one was answered, and what another recorded only after a look", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const [one, two] = [yield* open(store), yield* open(store)]
        const known = one.queryKnown({ diary: Diary }, ({ diary }) => diary.get("all")?.length ?? 0)
        expect(yield* known).toBe(0)
        yield* one.append([openedBy("front")], by("r1"))
        expect(yield* known).toBe(1)
        yield* two.append([openedBy("back")], by("r2"))
        expect(yield* known).toBe(1)
        yield* one.query(Diary, () => 0)
        expect(yield* known).toBe(2)
      }),
    ))
  it("a query sees what another recorded after an append was durable and before its store had heard so", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        const [isDurable, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        /** As a database does: the commit gives the lock back, and its answer is still on its way. */
        const store: Store = {
          ...inner,
          commit: (body) =>
            Effect.flatMap(inner.readAfter(Number.MAX_SAFE_INTEGER, 1), ({ covers }) =>
              body({
                head: covers,
                generation: 0,
                endsWithAppend: true,
                readAfter: inner.readAfter,
                append: (batches) =>
                  Effect.gen(function* () {
                    yield* inner.commit((session) => session.append(batches))
                    yield* Deferred.succeed(isDurable, undefined)
                    yield* Deferred.await(answer)
                  }),
                saveCheckpoint: () => Effect.void,
              }),
            ),
        }
        const [mine, other] = [yield* open(store), yield* open(inner)]
        yield* mine.query(Diary, () => 0)
        const appending = yield* Effect.forkChild(mine.append([openedBy("front")], by("r1")))
        yield* Deferred.await(isDurable)
        yield* other.append([openedBy("back")], by("r2"))
        const asking = yield* Effect.forkChild(mine.query(Diary, (diary) => diary.get("all")?.length))
        yield* settle
        yield* Deferred.succeed(answer, undefined)
        expect(yield* Fiber.join(asking)).toBe(2)
        yield* Fiber.join(appending)
      }),
    ))
  it("a query sees what another recorded while this one waits for the lock", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        const gated = yield* makeGatedStore(inner)
        const [other, mine] = [yield* open(gated.store), yield* open(inner)]
        yield* mine.query(Doors, () => 0)
        const gate = gated.hold()
        const theirs = yield* Effect.forkChild(other.append([openedBy("front", "bob")], by("r1")))
        yield* gate.begun
        // Mine now holds its own permit and waits for the store's lock.
        const own = yield* Effect.forkChild(mine.append([openedBy("back")], by("r2")))
        yield* settle
        const asked = yield* Effect.forkChild(
          Effect.andThen(
            Fiber.join(theirs),
            mine.query(Doors, (doors) => doors.get("front")?.last_by),
          ),
        )
        yield* gate.release
        expect(yield* Fiber.join(asked)).toBe("bob")
        yield* Fiber.join(own)
      }),
    ))
  it("when the past has changed, every fold starts anew", () =>
    run(
      Effect.gen(function* () {
        const [one, two] = [yield* makeMemoryStore(), yield* makeMemoryStore()]
        let current = one
        let generation = 1
        const marked = (page: Page) => ({ ...page, generation })
        const store: Store = {
          ...one,
          commit: (body) =>
            current.commit((session) =>
              body({ ...session, generation, readAfter: (p, n) => Effect.map(session.readAfter(p, n), marked) }),
            ),
          readAfter: (p, n) => Effect.map(current.readAfter(p, n), marked),
        }
        const ledger = yield* open(store)
        yield* ledger.append([openedBy("lost"), openedBy("lost")], by("r1"))
        expect(yield* ledger.query(Doors, (doors) => doors.size)).toBe(1)
        yield* Effect.flatMap(open(two), (other) => other.append([openedBy("kept")], by("r2")))
        current = two
        generation = 2
        expect(yield* ledger.query(Doors, (doors) => [...doors.entries()].map(([door]) => door))).toEqual(["kept"])
        const [fact] = yield* ledger.append([openedBy("lost")], { ...by("r3"), expected: { lost: 0, kept: 1 } })
        expect(fact.position).toBe(2)
      }),
    ))
})

describe("reading", () => {
  const filled = Effect.gen(function* () {
    const store = yield* makeMemoryStore()
    const ledger = yield* open(store)
    for (let i = 0; i < 3; i++)
      yield* ledger.append(
        Array.from({ length: 900 }, (_, n) => openedBy(n % 2 === 0 ? "even" : "odd")),
        by("r"),
      )
    return { store, ledger }
  })
  it("forwards, backwards, one job's stream, from anywhere", () =>
    run(
      Effect.gen(function* () {
        const { ledger } = yield* filled
        const positions = Array.from({ length: 2700 }, (_, i) => i + 1)
        expect(yield* all(ledger.read())).toEqual(positions)
        expect(yield* all(ledger.read({ after: 2698 }))).toEqual([2699, 2700])
        expect(yield* all(ledger.read({ after: 9999 }))).toEqual([])
        expect(yield* all(ledger.readBackwards())).toEqual(positions.toReversed())
        expect(yield* all(ledger.readBackwards({ before: 3 }))).toEqual([2, 1])
        expect(yield* all(ledger.readStream("odd"))).toEqual(positions.filter((p) => p % 2 === 0))
        expect(yield* all(ledger.readStream("odd", { after: 2698 }))).toEqual([2700])
        expect(yield* all(ledger.readStream("nobody"))).toEqual([])
      }),
    ))
  it("a page that is damaged from end to end hides nothing behind it", () =>
    run(
      Effect.gen(function* () {
        const { store } = yield* filled
        const readAfter: Store["readAfter"] = (position, limit) =>
          Effect.map(store.readAfter(position, Math.min(limit, 500)), (page) => ({
            ...page,
            covers: page.events.at(-1)?.position ?? page.covers,
            events: page.events.filter((e) => e.position <= 100 || e.position > 2600),
          }))
        const ledger = yield* open({
          ...store,
          readAfter,
          commit: (body) => store.commit((session) => body({ ...session, readAfter })),
        })
        expect((yield* all(ledger.read())).length).toBe(200)
        expect(yield* ledger.query(Diary, (diary) => [diary.position, diary.get("all")?.length])).toEqual([2700, 200])
        const tailed = yield* Stream.runCollect(Stream.take(ledger.tail(), 200))
        expect(tailed.at(-1)?.position).toBe(2700)
      }),
    ))
  it("a tail misses nothing, whoever appends, and ends with its consumer", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const [one, two] = [yield* open(store), yield* open(store)]
        yield* one.append([openedBy("a")], by("r"))
        const tailing = yield* Effect.forkChild(Stream.runCollect(Stream.take(one.tail(), 101)))
        yield* Effect.forEach(
          Array.from({ length: 100 }, (_, i) => i),
          (i) => (i % 2 === 0 ? one : two).append([openedBy("a")], by("r")),
          { concurrency: 10 },
        )
        expect((yield* Fiber.join(tailing)).map(({ position }) => position)).toEqual(
          Array.from({ length: 101 }, (_, i) => i + 1),
        )
        const endless = yield* Effect.forkChild(Stream.runDrain(one.tail({ after: 101 })))
        yield* settle
        yield* Fiber.interrupt(endless)
      }),
    ))
  it("a tail leaves nothing behind at the store, and hears of its failure", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        let waiting = 0
        let isBroken = false
        const broken = Effect.fail(new StoreUnavailable({ where: "memory", cause: "gone" }))
        const store: Store = {
          ...inner,
          waitBeyond: (position) =>
            Effect.suspend(() => {
              waiting++
              return Effect.ensuring(
                isBroken ? broken : inner.waitBeyond(position),
                Effect.sync(() => waiting--),
              )
            }),
        }
        const ledger = yield* open(store)
        const tails = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(Stream.runDrain(ledger.tail())))
        yield* settle
        for (let i = 0; i < 20; i++) yield* ledger.append([openedBy("a")], by("r"))
        yield* settle
        // Who was just told something looks for others a moment later.
        yield* TestClock.adjust("1 second")
        yield* settle
        expect(waiting).toBe(3)
        yield* Effect.forEach(tails, Fiber.interrupt)
        expect(waiting).toBe(0)
        isBroken = true
        expect((yield* Effect.flip(Stream.runDrain(ledger.tail())))._tag).toBe("StoreUnavailable")
      }).pipe(Effect.provide(TestClock.layer())),
    ))
  it("a tail hears of what was recorded here however much it is at once, and of what others recorded before it", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        // Nobody tells of others: whoever waits for that alone waits for ever.
        const one = yield* open({ ...store, waitBeyond: () => Effect.never })
        const two = yield* open(store)
        const seen: Array<number> = []
        const slowly = Stream.runForEach(one.tail({ page_records: 3 }), ({ position }) =>
          Effect.andThen(
            Effect.sync(() => seen.push(position)),
            Effect.repeat(Effect.yieldNow, { times: 5 }),
          ),
        )
        const tailing = yield* Effect.forkChild(slowly)
        yield* settle
        const sizes = [1, 2, 3, 4, 9, 1, 1]
        for (const size of sizes) {
          if (size > 1) yield* two.append([openedBy("back")], by("r"))
          const batch = Array.from({ length: size }, () => openedBy("front"))
          yield* one.append(batch, by("r"))
          yield* one.append([openedBy("front")], by("r"))
          if (size !== 3) yield* settle
        }
        // What is too much to be kept comes while he is busy with what was told before, and then nothing more.
        yield* Effect.repeat(settle, { times: 10 })
        yield* one.append([openedBy("front"), openedBy("front")], by("r"))
        yield* Effect.repeat(Effect.yieldNow, { times: 3 })
        yield* one.append(
          Array.from({ length: 9 }, () => openedBy("front")),
          by("r"),
        )
        yield* Effect.repeat(settle, { times: 10 })
        expect(seen).toEqual(yield* all(one.read()))
        yield* Fiber.interrupt(tailing)
      }),
    ))
  it("a tail tells the same whether it was read or recorded here", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* open(yield* makeMemoryStore())
        const tailing = yield* Effect.forkChild(Stream.runCollect(Stream.take(ledger.tail(), 3)))
        yield* settle
        yield* ledger.append([openedBy("front"), openedBy("front")], by("r1"))
        yield* ledger.append([openedBy("back")], by("r2"))
        expect(yield* Fiber.join(tailing)).toEqual(yield* Stream.runCollect(ledger.read()))
      }),
    ))
})

describe("a position that is none", () => {
  // Who calls from plain JavaScript passes whatever it has.
  const wrong = [Number.NaN, Infinity, -Infinity, 1.5, -1, "3", 3n, null, {}, 2 ** 53]
  it.each(wrong.map((value) => [typeof value, value] as const))(
    "is refused wherever it is read from: %s %s",
    (_, value) =>
      run(
        Effect.gen(function* () {
          const ledger = yield* open(yield* makeMemoryStore())
          yield* ledger.append([openedBy("front")], by("r1"))
          const position = value as number
          const readings = {
            read: ledger.read({ after: position }),
            tail: ledger.tail({ after: position }),
            readStream: ledger.readStream("front", { after: position }),
            readBackwards: ledger.readBackwards({ before: position }),
          }
          for (const [name, events] of Object.entries(readings)) {
            const refused = yield* Effect.flip(Stream.runCollect(events))
            expect(refused, name).toBeInstanceOf(StoreRefused)
            expect(refused.message, name).toMatch(
              /(?:after|before) must be a position, a whole number from 0 to .*leave it out/u,
            )
          }
        }),
      ),
  )
  it("is told from the ones at the ends, from which nothing is left to read", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* open(yield* makeMemoryStore())
        yield* ledger.append([openedBy("front")], by("r1"))
        expect(yield* all(ledger.read({ after: 0 }))).toHaveLength(1)
        expect(yield* all(ledger.read({ after: Number.MAX_SAFE_INTEGER }))).toEqual([])
        expect(yield* all(ledger.readBackwards({ before: 0 }))).toEqual([])
        expect(yield* all(ledger.readBackwards({ before: Number.MAX_SAFE_INTEGER }))).toHaveLength(1)
      }),
    ))
  it("is no worse than a job whose id is no text", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* open(yield* makeMemoryStore())
        const wrongId = 7 as unknown
        const refused = yield* Effect.flip(Stream.runCollect(ledger.readStream(wrongId as string)))
        expect(refused.message).toContain("the id of the job to read must be a text, not number")
      }),
    ))
})
