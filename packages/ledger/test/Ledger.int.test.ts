import {
  type AppendError,
  Conflict,
  Decider,
  InvalidAppend,
  isRecordedFact,
  Ledger,
  type Page,
  Projection,
  type RecordedEvent,
  type Store,
  StoreUnavailable,
  Vocabulary,
} from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Cause, Effect, Exit, Fiber, Schema, Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { AlreadyOpen, Diary, Door, Doors, openDoor } from "./support/door.ts"
import { makeGatedStore } from "./support/stores.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect))
const open = (store: Store) => Ledger.make(store, [Door])
const fresh = Effect.flatMap(makeMemoryStore(), open)
const by = (requestId: string) => ({ actor: "ada", requestId })
const { opened, closed, installed } = Door.facts
const openedBy = (door: string, who = "ada") => opened.makeOrThrow(door, { by: who })
const all = (stream: Stream.Stream<RecordedEvent, unknown>) =>
  Effect.map(Stream.runCollect(stream), (events) => events.map(({ position }) => position))
/** Lets every other fiber go as far as it can. */
const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

describe("append", () => {
  it("answers with the recorded facts, stamped by the store", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const [one, two] = yield* ledger.append([openedBy("front"), closed.makeOrThrow("front", {})], by("r1"))
        expect(one).toMatchObject({
          position: 1,
          event_id: "evt_door.opened_front_000001",
          request_id: "r1",
          actor: "ada",
          payload: { by: "ada" },
        })
        expect(isRecordedFact(two) && two.position).toBe(2)
        expect((yield* Stream.runCollect(ledger.read())).map(({ batch }) => batch)).toEqual([
          [0, 2],
          [1, 2],
        ])
      }),
    ))
  it("refuses what no ledger takes, and records nothing of it", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const Other = Vocabulary.make("window", { opened: { payload: Schema.Struct({}) } })
        const fact = openedBy("front")
        const attempts: ReadonlyArray<Effect.Effect<unknown, AppendError>> = [
          ledger.append([], by("r")),
          ledger.append([{ ...fact } as typeof fact], by("r")),
          ledger.append([null as never], by("r")),
          ledger.append([fact, Other.facts.opened.makeOrThrow("front", {})], by("r")),
          ledger.append([fact], { actor: " ", requestId: "r" }),
          ledger.append([fact], { actor: "ada", requestId: "a b" }),
          ledger.append(
            Array.from({ length: 1001 }, () => fact),
            by("r"),
          ),
        ]
        for (const attempt of attempts) expect(yield* Effect.flip(attempt)).toBeInstanceOf(InvalidAppend)
        const big = openedBy("front", "x".repeat(16_777_216))
        expect((yield* Effect.flip(ledger.append([fact, big], by("r"))))._tag).toBe("FactTooLarge")
        expect(yield* all(ledger.read())).toEqual([])
      }),
    ))
  it("happens only where the named streams end as expected", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* ledger.append([openedBy("front")], { ...by("r1"), expected: { front: 0 } })
        yield* ledger.append([openedBy("back")], { ...by("r2"), expected: { front: 1, back: 0 } })
        const late = yield* Effect.flip(
          ledger.append([closed.makeOrThrow("front", {}), openedBy("side")], {
            ...by("r3"),
            expected: { front: 1, back: 1 },
          }),
        )
        expect(late).toBeInstanceOf(Conflict)
        expect(late).toMatchObject({ job_id: "back", because: { kind: "position", expected: 1, actual: 2 } })
        expect(yield* all(ledger.read())).toEqual([1, 2])
      }),
    ))
  it("takes a unique key once, within a batch too", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const put = (door: string) => installed.makeOrThrow(door, { serial: "s1" })
        expect((yield* Effect.flip(ledger.append([put("front"), put("back")], by("r1"))))._tag).toBe("Conflict")
        yield* ledger.append([put("front")], by("r2"))
        const taken = yield* Effect.flip(ledger.append([put("back")], by("r3")))
        expect(taken).toMatchObject({
          because: { kind: "unique_key", value: "s1", held_by: "evt_door.installed_front_000001" },
        })
        expect(yield* all(ledger.read())).toEqual([1])
      }),
    ))
})

describe("an append that is repeated after its answer was lost", () => {
  const batch = (serial: string) =>
    [
      openedBy("front"),
      installed.makeOrThrow("front", { serial }),
      openedBy("back"),
      closed.makeOrThrow("front", {}),
    ] as const
  const twice = (
    facts: ReadonlyArray<ReturnType<typeof openedBy>>,
    expected: Record<string, number>,
    between: Record<string, number>,
  ) =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* ledger.append([openedBy("side"), openedBy("front")], by("r0"))
        const first = yield* ledger.append(facts, { ...by("r1"), expected })
        for (const [door, times] of Object.entries(between))
          for (let i = 0; i < times; i++) yield* ledger.append([openedBy(door, "between")], by(`b${i}`))
        const head = (yield* all(ledger.read())).length
        const second = yield* ledger.append(facts, { ...by("r1"), expected })
        expect(second).toEqual(first)
        expect((yield* all(ledger.read())).length).toBe(head)
        const other = yield* Effect.flip(ledger.append(facts, { ...by("r2"), expected }))
        expect(other._tag).toBe("Conflict")
      }),
    )
  it("one fact, recognised by its job", () => twice([openedBy("back")], { back: 0 }, {}))
  it("with facts of its own and other jobs recorded since", () =>
    twice([openedBy("back")], { back: 0 }, { side: 2, back: 2 }))
  it("several facts of several jobs", () =>
    twice([openedBy("back"), openedBy("front"), openedBy("back", "bob")], { back: 0, front: 2 }, { front: 1, side: 1 }))
  it("when another named job has moved on before its own", () =>
    twice([openedBy("back")], { side: 1, back: 0 }, { side: 3 }))
  it("recognised by a unique key that is not first, nor first of its job", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const first = yield* ledger.append(batch("s1"), by("r1"))
        yield* ledger.append([openedBy("back")], by("r2"))
        expect(yield* ledger.append(batch("s1"), by("r1"))).toEqual(first)
        expect((yield* Effect.flip(ledger.append(batch("s1"), by("r9"))))._tag).toBe("Conflict")
        expect((yield* all(ledger.read())).length).toBe(5)
      }),
    ))
  it("is not mistaken for one that only overlaps", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* ledger.append([openedBy("front"), closed.makeOrThrow("front", {})], {
          ...by("r1"),
          expected: { front: 0 },
        })
        const attempts = [
          [openedBy("front")],
          [openedBy("front"), closed.makeOrThrow("front", {}), openedBy("front")],
          [openedBy("front", "bob"), closed.makeOrThrow("front", {})],
          [closed.makeOrThrow("front", {}), openedBy("front")],
        ]
        for (const facts of attempts)
          expect((yield* Effect.flip(ledger.append(facts, { ...by("r1"), expected: { front: 0 } })))._tag).toBe(
            "Conflict",
          )
        const apart = yield* fresh
        yield* apart.append([openedBy("front")], by("r1"))
        yield* apart.append([closed.makeOrThrow("front", {})], by("r1"))
        expect(
          (yield* Effect.flip(
            apart.append([openedBy("front"), closed.makeOrThrow("front", {})], { ...by("r1"), expected: { front: 0 } }),
          ))._tag,
        ).toBe("Conflict")
      }),
    ))
})

describe("nobody is answered before the store has", () => {
  it("not even those whose refusal rests on the same group; then everybody is", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const callers = yield* Effect.forEach(["bob", "cyd"], (who) =>
          Effect.forkChild(Effect.exit(ledger.transact(openDoor, { door: "front", by: who }, by(who)))),
        )
        yield* gate.begun
        yield* settle
        expect(callers.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined])
        expect(yield* ledger.query(Doors, (doors) => doors.get("front"))).toBeUndefined()
        yield* gate.release
        const exits = yield* Effect.forEach(callers, Fiber.join)
        expect(exits.map(Exit.isSuccess)).toEqual([true, false])
        expect(exits[1]).toEqual(Exit.fail(new AlreadyOpen({ door: "front" })))
        expect(yield* ledger.query(Doors, (doors) => doors.get("front")?.last_by)).toBe("bob")
        expect(gated.appends).toEqual([1])
      }),
    ))
  it("when it fails, everyone in the group fails and the state is as before", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        yield* ledger.append([openedBy("back")], by("r0"))
        const gate = gated.hold()
        const callers = yield* Effect.forEach(["bob", "cyd"], (who) =>
          Effect.forkChild(Effect.flip(ledger.transact(openDoor, { door: "front", by: who }, by(who)))),
        )
        yield* gate.begun
        yield* gate.fail
        expect((yield* Effect.forEach(callers, Fiber.join)).map(({ _tag }) => _tag)).toEqual(["StoreFull", "StoreFull"])
        expect(yield* ledger.query(Doors, (doors) => [doors.position, doors.size, doors.get("front")])).toEqual([
          1,
          1,
          undefined,
        ])
        const [fact] = yield* ledger.transact(openDoor, { door: "front", by: "dee" }, by("r1"))
        expect(fact?.position).toBe(2)
      }),
    ))
  it("whatever arrives during a flush goes out with the next", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const first = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const rest = yield* Effect.forEach(
          Array.from({ length: 50 }, (_, i) => `d${i}`),
          (door) => Effect.forkChild(ledger.append([openedBy(door)], by("r"))),
        )
        yield* settle
        yield* gate.release
        yield* Effect.forEach([first, ...rest], Fiber.join)
        expect(gated.appends).toEqual([1, 50])
      }),
    ))
})

describe("a caller who gives up", () => {
  it("before the group is made has asked for nothing; after it, the facts are recorded", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const inGroup = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const waiting = yield* Effect.forkChild(ledger.append([openedBy("b")], by("r")))
        const patient = yield* Effect.forkChild(ledger.append([openedBy("c")], by("r")))
        yield* settle
        yield* Fiber.interrupt(inGroup)
        yield* Fiber.interrupt(waiting)
        yield* gate.release
        yield* Fiber.join(patient)
        expect((yield* Stream.runCollect(ledger.read())).map(({ job_id }) => job_id)).toEqual(["a", "c"])
      }),
    ))
  it("a decider that throws fails its own caller alone", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const first = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const broken = Decider.make({
          ...openDoor,
          decide: () => {
            throw new Error("bug")
          },
        })
        const failing = yield* Effect.forkChild(Effect.exit(ledger.transact(broken, { door: "b", by: "x" }, by("r"))))
        const sound = yield* Effect.forkChild(ledger.append([openedBy("c")], by("r")))
        yield* settle
        yield* gate.release
        yield* Fiber.join(first)
        const exit = yield* Fiber.join(failing)
        expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
        expect((yield* Fiber.join(sound))[0].position).toBe(2)
      }),
    ))
  it("a ledger that is closed says so instead of keeping its callers waiting", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const scope = yield* Scope.make()
        const ledger = yield* Scope.provide(open(gated.store), scope)
        const gate = gated.hold()
        const inGroup = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const waiting = yield* Effect.forkChild(Effect.flip(ledger.append([openedBy("b")], by("r"))))
        yield* settle
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        expect((yield* Fiber.join(waiting))._tag).toBe("StoreRefused")
        yield* gate.release
        yield* Fiber.join(inGroup)
        yield* Fiber.join(closing)
        expect((yield* Effect.flip(ledger.append([openedBy("c")], by("r"))))._tag).toBe("StoreRefused")
      }),
    ))
})

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
        expect(waiting).toBe(3)
        yield* Effect.forEach(tails, Fiber.interrupt)
        expect(waiting).toBe(0)
        isBroken = true
        expect((yield* Effect.flip(Stream.runDrain(ledger.tail())))._tag).toBe("StoreUnavailable")
      }),
    ))
})

describe("checkpoints", () => {
  const counting = (store: Store) => {
    const reads: Array<number> = []
    const readAfter: Store["readAfter"] = (position, limit) => {
      reads.push(position)
      return store.readAfter(position, limit)
    }
    return { reads, store: { ...store, readAfter } }
  }
  it("spare the next ledger what was folded before", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const ledger = yield* open(store)
        for (let i = 0; i < 9; i++) yield* ledger.append([openedBy("a")], by("r"))
        yield* ledger.saveCheckpoint(Diary)
        yield* ledger.append([openedBy("a")], by("r"))
        const next = counting(store)
        let folded = 0
        const Counted = Projection.make({
          ...Diary,
          evolve: (entity: ReadonlyArray<string> | undefined, fact, report) => {
            folded++
            return Diary.evolve(entity, fact, report)
          },
        })
        const second = yield* open(next.store)
        expect(yield* second.query(Counted, (diary) => [diary.position, diary.get("all")?.length])).toEqual([10, 10])
        expect(folded).toBe(1)
      }),
    ))
  it("of another ledger are not used", () =>
    run(
      Effect.gen(function* () {
        const [one, two] = [yield* makeMemoryStore(), yield* makeMemoryStore()]
        const ledger = yield* open(one)
        yield* ledger.append([openedBy("a"), openedBy("b")], by("r"))
        yield* ledger.saveCheckpoint(Doors)
        for (const doors of [["x"], ["x", "y"], ["x", "y", "z"]]) {
          yield* Effect.flatMap(open(two), (other) => other.append([openedBy(doors.at(-1) ?? "")], by("r")))
          const mixed = yield* open({ ...two, loadCheckpoint: one.loadCheckpoint })
          expect(yield* mixed.query(Doors, (view) => [...view.entries()].map(([door]) => door))).toEqual(doors)
        }
      }),
    ))
  it("of the streams are not used once other unique keys are declared", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const Plain = Vocabulary.make("door", { installed: { payload: Schema.Struct({ serial: Schema.String }) } })
        const before = yield* Ledger.make(store, [Plain])
        yield* before.append([Plain.facts.installed.makeOrThrow("a", { serial: "s1" })], by("r1"))
        yield* before.saveCheckpoint(Doors)
        const ledger = yield* open(store)
        const taken = yield* Effect.flip(ledger.append([installed.makeOrThrow("b", { serial: "s1" })], by("r2")))
        expect(taken._tag).toBe("Conflict")
      }),
    ))
})

it("a stream ends at its last fact, also when that fact's key was taken", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      const Plain = Vocabulary.make("door", { installed: { payload: Schema.Struct({ serial: Schema.String }) } })
      const foreign = yield* Ledger.make(store, [Plain])
      yield* foreign.append(
        [
          Plain.facts.installed.makeOrThrow("a", { serial: "s1" }),
          Plain.facts.installed.makeOrThrow("b", { serial: "s1" }),
        ],
        by("r1"),
      )
      const ledger = yield* open(store)
      const [fact] = yield* ledger.append([openedBy("b")], { ...by("r2"), expected: { b: 2 } })
      expect(fact.position).toBe(3)
    }),
  ))
