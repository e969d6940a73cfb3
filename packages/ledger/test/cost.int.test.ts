/** What is read, and how often: nobody pays for what was known already. */
import { Ledger, type Page, Projection, type Store, Vocabulary } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Fiber, Schema, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { makeStreams } from "../src/Streams.ts"
import { Diary, Door, Doors, openDoor } from "./support/door.ts"
import { all, by, closed, fresh, installed, open, openedBy, run, settle } from "./support/ledgers.ts"

/** A store that counts the events that it handed out, outside and under the lock. */
const counted = Effect.map(makeMemoryStore(), (inner) => {
  let events = 0
  const count = (page: Page) => {
    events += page.events.length
    return page
  }
  const store: Store = {
    ...inner,
    readAfter: (position, limit) => Effect.map(inner.readAfter(position, limit), count),
    commit: (body) =>
      inner.commit((session) =>
        body({ ...session, readAfter: (position, limit) => Effect.map(session.readAfter(position, limit), count) }),
      ),
  }
  return { store, inner, read: () => events }
})

describe("events are read once", () => {
  it("what this process recorded itself is never read again, whatever folds it", () =>
    run(
      Effect.gen(function* () {
        const { read, store } = yield* counted
        const ledger = yield* open(store)
        yield* ledger.query(Doors, () => 0)
        yield* ledger.query(Diary, () => 0)
        for (const door of ["a", "b", "c"]) {
          yield* ledger.append([openedBy(door), closed.makeOrThrow(door, {})], by("r"))
          yield* ledger.transact(openDoor, { door, by: "ada" }, by("r"))
        }
        expect(yield* ledger.query(Doors, (doors) => doors.get("c")?.opened_times)).toBe(2)
        expect(yield* ledger.query(Diary, (diary) => diary.get("all")?.length)).toBe(9)
        expect(read()).toBe(0)
      }),
    ))
  it("what others recorded is read once, for all folds together", () =>
    run(
      Effect.gen(function* () {
        const { inner, read, store } = yield* counted
        const [mine, other] = [yield* Ledger.make(store, [Door], [Doors, Diary]), yield* open(inner)]
        yield* other.append([openedBy("a"), openedBy("b")], by("r"))
        for (let i = 0; i < 3; i++) expect(yield* mine.query(Diary, (diary) => diary.get("all")?.length)).toBe(2)
        yield* mine.append([openedBy("c")], by("r"))
        expect(yield* mine.query(Doors, (doors) => doors.size)).toBe(3)
        expect(read()).toBe(2)
      }),
    ))
  it("what is there is read once by whoever opens the ledger and says what will be asked for", () =>
    run(
      Effect.gen(function* () {
        const { inner, read, store } = yield* counted
        yield* (yield* open(inner)).append([openedBy("a"), openedBy("b")], by("r"))
        const opened = yield* Ledger.make(store, [Door], [Doors, Diary])
        expect(
          yield* opened.queryAll({ diary: Diary, doors: Doors }, ({ diary, doors }) => [diary.size, doors.size]),
        ).toEqual([1, 2])
        expect(read()).toBe(2)
      }),
    ))
  it("who only reads is spared what only an append needs, and an append after it rests on all there is", () =>
    run(
      Effect.gen(function* () {
        const { inner, read, store } = yield* counted
        const other = yield* open(inner)
        yield* other.append([installed.makeOrThrow("a", { serial: "s1" }), openedBy("b")], by("r"))
        const reader = yield* open(store)
        expect(read()).toBe(1)
        expect(yield* reader.query(Doors, (doors) => doors.size)).toBe(2)
        expect(read()).toBe(3)
        yield* other.append([openedBy("c")], by("r"))
        const taken = yield* Effect.flip(reader.append([installed.makeOrThrow("d", { serial: "s1" })], by("r")))
        expect(taken).toMatchObject({ _tag: "Conflict", because: { kind: "unique_key", value: "s1" } })
      }),
    ))
  it("a projection that is asked for late starts at the beginning, and the others stay where they are", () =>
    run(
      Effect.gen(function* () {
        const { store } = yield* counted
        const ledger = yield* open(store)
        yield* ledger.append([openedBy("a"), openedBy("b")], by("r"))
        let looked = 0
        const Watched = Projection.make({
          name: "watched",
          version: 1,
          reader: Door,
          key: (fact) => fact.job_id,
          evolve: (door: { readonly times: number } | undefined) => {
            looked++
            return { times: (door?.times ?? 0) + 1 }
          },
          entity: Schema.Struct({ times: Schema.Int }),
        })
        expect(yield* ledger.query(Watched, (watched) => watched.size)).toBe(2)
        expect(yield* ledger.query(Diary, (diary) => diary.get("all")?.length)).toBe(2)
        yield* ledger.append([openedBy("a")], by("r"))
        expect(yield* ledger.query(Watched, (watched) => watched.get("a"))).toEqual({ times: 2 })
        expect(looked).toBe(3)
      }),
    ))
})

it("a tail hears of this process's own commits without the store's help", () =>
  run(
    Effect.gen(function* () {
      const inner = yield* makeMemoryStore()
      const ledger = yield* open({ ...inner, waitBeyond: () => Effect.never })
      yield* ledger.append([openedBy("a")], by("r"))
      const tails = yield* Effect.forEach([1, 2], () =>
        Effect.forkChild(Stream.runCollect(Stream.take(ledger.tail(), 3))),
      )
      for (const door of ["b", "c"]) {
        yield* settle
        yield* ledger.append([openedBy(door)], by("r"))
      }
      for (const tail of tails) expect((yield* Fiber.join(tail)).map(({ position }) => position)).toEqual([1, 2, 3])
    }),
  ))

it("a tail that has caught up reads only when there may be something of others", () =>
  run(
    Effect.gen(function* () {
      const inner = yield* makeMemoryStore()
      let reads = 0
      const ledger = yield* open({
        ...inner,
        // A store in memory hears of this process's records as of those of any other.
        waitBeyond: () => Effect.never,
        readAfter: (position, limit) => {
          reads++
          return inner.readAfter(position, limit)
        },
      })
      yield* ledger.append([openedBy("a")], by("r"))
      reads = 0
      const tail = yield* Effect.forkChild(Stream.runDrain(ledger.tail()))
      yield* settle
      // One for what is there, one that finds nothing more.
      expect(reads).toBe(2)
      yield* ledger.append([openedBy("a")], by("r"))
      yield* settle
      // What this process records itself is handed on as it is.
      expect(reads).toBe(2)
      yield* Fiber.interrupt(tail)
    }),
  ))

describe("the index of streams and keys", () => {
  const payload = Schema.Struct({ serial: Schema.String, name: Schema.String })
  const versionOf = (...unique: ReadonlyArray<"serial" | "name" | undefined>) =>
    makeStreams(
      unique.map((field, i) =>
        Vocabulary.make(`v${i}`, { put: field === undefined ? { payload } : { payload, unique: field } }),
      ),
    ).version
  it("has a version that tells declarations of unique keys apart, and nothing else", () => {
    const versions = [
      versionOf(),
      versionOf("serial"),
      versionOf("name"),
      versionOf(undefined, "serial"),
      versionOf("serial", "serial"),
      versionOf("serial", "name"),
      versionOf("name", "serial"),
    ]
    expect(new Set(versions).size).toBe(versions.length)
    expect(versions.every((version) => Number.isSafeInteger(version) && version >= 0)).toBe(true)
    expect(versionOf(undefined)).toBe(versionOf())
    expect(versionOf("serial", undefined)).toBe(versionOf("serial"))
  })
  it("does not mind the order of vocabularies", () => {
    const [one, two] = [
      Vocabulary.make("one", { put: { payload, unique: "serial" } }),
      Vocabulary.make("two", { put: { payload, unique: "name" } }),
    ]
    expect(makeStreams([one, two]).version).toBe(makeStreams([two, one]).version)
  })
  it("follows every stream, and the keys of the vocabularies it knows", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const ledger = yield* open(store)
        const strange = makeStreams([Door])
        yield* ledger.append([installed.makeOrThrow("a", { serial: "s1" }), openedBy("a"), openedBy("b")], by("r"))
        expect(strange.name).toBe("ledger.streams")
        expect(yield* ledger.query(strange, (view) => [view.get("a"), view.get("b"), view.get("c")])).toEqual([
          2,
          3,
          undefined,
        ])
        expect(yield* ledger.query(strange, (view) => view.holder("door.installed", "s1")?.event_id)).toBe(
          "evt_door.installed_a_000001",
        )
        expect(yield* ledger.query(strange, (view) => view.holder("door.opened", "s1"))).toBeUndefined()
        expect([
          strange.reader.prefix,
          strange.reader.event_types,
          strange.reader.uniqueOf("door.installed"),
          strange.reader.uniqueOf("x.y"),
        ]).toEqual(["", [], "serial", undefined])
      }),
    ))
})

describe("a repeated append is told from one that only looks alike", () => {
  const twice = (
    change: (
      facts: ReturnType<typeof batch>,
    ) => ReadonlyArray<ReturnType<typeof openedBy> | ReturnType<typeof closed.makeOrThrow>>,
    origin = by("r1"),
  ) =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const facts = batch()
        yield* ledger.append(facts, { ...by("r1"), expected: { front: 0 } })
        const other = yield* Effect.flip(ledger.append(change(facts), { ...origin, expected: { front: 0 } }))
        expect(other._tag).toBe("Conflict")
        expect(yield* all(ledger.read())).toEqual([1, 2])
      }),
    )
  const batch = () => [openedBy("front"), closed.makeOrThrow("front", {})] as const
  it("of another actor", () => twice((facts) => facts, { actor: "bob", requestId: "r1" }))
  it("of another request", () => twice((facts) => facts, by("r2")))
  it("about another job", () => twice(([one]) => [one, closed.makeOrThrow("back", {})]))
  it("of another type", () => twice(([one]) => [one, openedBy("front")]))
  it("with another payload", () => twice(([, two]) => [openedBy("front", "bob"), two]))
  it("of its first fact only", () => twice(([one]) => [one]))
  it("whose first fact would lie before the ledger's first", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const put = installed.makeOrThrow("a", { serial: "s1" })
        yield* ledger.append([put], by("r1"))
        expect((yield* Effect.flip(ledger.append([openedBy("a"), put], by("r1"))))._tag).toBe("Conflict")
        expect((yield* Effect.flip(ledger.append([openedBy("b")], { ...by("r1"), expected: { b: 7 } })))._tag).toBe(
          "Conflict",
        )
        expect((yield* Effect.flip(ledger.append([openedBy("b")], { ...by("r1"), expected: { a: 0 } })))._tag).toBe(
          "Conflict",
        )
        expect(yield* all(ledger.read())).toEqual([1])
      }),
    ))
})
