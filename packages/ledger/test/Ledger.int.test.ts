/** What an append takes, what it answers when repeated, and what a checkpoint spares. */
import {
  type AppendError,
  Conflict,
  Decider,
  InvalidAppend,
  isRecordedFact,
  Ledger,
  Projection,
  type Session,
  type Store,
  StoreRefused,
  Vocabulary,
} from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Schema, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { Diary, Doors } from "./support/door.ts"
import { all, by, closed, fresh, installed, open, openedBy, run } from "./support/ledgers.ts"

describe("transact", () => {
  const slamBoth = Decider.make({
    name: "slam-both",
    projection: Doors,
    decide: (_doors, _command: { readonly known?: string }) =>
      Decider.facts(closed.make("front", {}), closed.make("back", {})),
    requestId: (doors, { known }, { job_id }) => (doors.get(job_id) === undefined ? known : `of-${job_id}`),
  })
  it("records each fact under the request id that its decider names, else under the caller's", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* ledger.append([openedBy("front")], by("r0"))
        const facts = yield* ledger.transact(slamBoth, {}, by("r1"))
        expect(facts.map(({ request_id }) => request_id)).toEqual(["of-front", "r1"])
        const named = yield* ledger.transact(slamBoth, { known: "k" }, { actor: "ada" })
        expect(named.map(({ request_id }) => request_id)).toEqual(["of-front", "of-back"])
      }),
    ))
  it("records nothing where a fact is left without a good request id", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* ledger.append([openedBy("front")], by("r0"))
        for (const known of [undefined, " ", "a b"]) {
          const command = known === undefined ? {} : { known }
          const error = yield* Effect.flip(ledger.transact(slamBoth, command, { actor: "ada" }))
          expect(error).toBeInstanceOf(InvalidAppend)
          expect(error.message).toMatch(/^request_id /)
        }
        expect(yield* all(ledger.read())).toEqual([1])
      }),
    ))
})

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
        // Conditions that would not be looked at, or never hold.
        for (const expected of [new Map([["front", 7]]), [7], { front: "0" }, { front: -1 }, { front: 0.5 }, "front"])
          expect(yield* Effect.flip(ledger.append([fact], { ...by("r"), expected: expected as never }))).toBeInstanceOf(
            InvalidAppend,
          )
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
  it("are saved without an append where much was folded, and nothing is done where little was", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const ledger = yield* open(store)
        let commits = 0
        const watched: Store = { ...store, commit: (use) => Effect.suspend(() => (commits++, store.commit(use))) }
        yield* ledger.append([openedBy("a")], by("r"))
        const young = yield* open(watched)
        yield* young.query(Diary, (diary) => diary.size)
        yield* young.saveDueCheckpoints
        expect(commits).toBe(0)

        for (let i = 0; i < 5; i++)
          yield* ledger.append(
            Array.from({ length: 1000 }, () => openedBy("a")),
            by(`r${i}`),
          )
        const old = yield* open(watched)
        yield* old.query(Doors, (doors) => doors.size)
        yield* old.saveDueCheckpoints
        // One to take them, one for each of the two to put it in place.
        expect(commits).toBe(3)
        expect((yield* store.loadCheckpoint(Doors.name))?.state.position).toBe(5001)
        yield* old.saveDueCheckpoints
        expect(commits).toBe(3)
      }),
    ))
  it("that could not be saved are tried again, but not with every append; what keeps one back keeps back no other", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        let isFull = true
        const tried: Array<string> = []
        const saved: Array<string> = []
        const save =
          (session: Session): Session["saveCheckpoint"] =>
          (checkpoint) => {
            tried.push(checkpoint.name)
            if (isFull && checkpoint.name === Doors.name)
              return Effect.fail(new StoreRefused({ where: "here", reason: "no space is left" }))
            saved.push(checkpoint.name)
            return session.saveCheckpoint(checkpoint)
          }
        const failing: Store = {
          ...store,
          commit: (use) =>
            store.commit((session) => use(Object.assign(Object.create(session), { saveCheckpoint: save(session) }))),
        }
        const ledger = yield* open(failing)
        yield* ledger.query(Doors, (doors) => doors.size)
        const append = (count: number, first: number) =>
          ledger.append(
            Array.from({ length: count }, (_, n) => openedBy(`door ${first + n}`)),
            by("r"),
          )
        // Four thousand doors: eight thousand events must be new to a fold before all of them are saved again.
        const grow = (batches: number) =>
          Effect.forEach(Array.from({ length: batches }), (_, i) => append(1000, (i % 4) * 1000))
        yield* grow(8)
        expect(tried).toEqual([])
        const refusal = yield* Effect.flip(ledger.saveDueCheckpoints)
        expect(refusal.message).toContain("no space is left")
        expect(tried.toSorted()).toEqual([Doors.name, "ledger.streams"])
        expect(saved).toEqual(["ledger.streams"])
        yield* grow(4)
        expect(tried).toHaveLength(2)

        isFull = false
        yield* append(100, 0)
        yield* append(1, 0)
        yield* append(1, 0)
        // Nobody waits for it.
        while (saved.length < 2) yield* Effect.yieldNow
        expect([tried.length, saved]).toEqual([3, ["ledger.streams", Doors.name]])
        expect((yield* store.loadCheckpoint(Doors.name))?.state.position).toBe(12_100)
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
