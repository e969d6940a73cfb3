import {
  Checkpoint,
  Fold,
  foldAll,
  type Foldable,
  type Projection,
  Projection as Projections,
  type RecordedEvent,
  type RecordedFact,
} from "@waybill/ledger"
import { Result, Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Diary, Door, Doors } from "./support/door.ts"
import { history, hostileEvent, hostileHistory, recorded } from "./support/histories.ts"

const runs = { numRuns: 2000 }
const split = fc.double({ min: 0, max: 1, noNaN: true })
const cut = <A>(list: ReadonlyArray<A>, at: number) => {
  const i = Math.floor(at * list.length)
  return [list.slice(0, i), list.slice(i)] as const
}
const stateOf = <E, F extends RecordedFact<string, unknown>>(fold: Fold<E, F>) => fold.save()
/** What a ledger would hold of a hostile history: in position order. */
const inOrder = (events: ReadonlyArray<Foldable>): ReadonlyArray<Foldable> =>
  events
    .filter((e) => typeof e === "object" && e !== null && Number.isSafeInteger(e.position))
    .toSorted((a, b) => a.position - b.position)

const laws = <E, F extends RecordedFact<string, unknown>>(projection: Projection.Projection<E, F>) => {
  it("incremental is the same as from zero, for any split", () =>
    fc.assert(
      fc.property(history, split, (events, at) => {
        const [before, after] = cut(events, at)
        expect(stateOf(new Fold(projection).applyAll(before).applyAll(after))).toEqual(
          stateOf(foldAll(projection, events)),
        )
      }),
      runs,
    ))
  it("a whole history folds the same in any order", () =>
    fc.assert(
      fc.property(
        hostileHistory.chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray([...events], { minLength: events.length, maxLength: events.length }),
          ),
        ),
        ([events, shuffled]) => {
          expect(stateOf(foldAll(projection, shuffled))).toEqual(stateOf(foldAll(projection, events)))
        },
      ),
      runs,
    ))
  it("it tells how many events there were, known or not, and the id of the last", () =>
    fc.assert(
      fc.property(history, split, (events, at) => {
        const [below, above] = cut(events, at)
        const fold = new Fold(projection).applyAll(below)
        const branch = fold.branch().applyAll(above)
        const asked = [branch.events, branch.lastEventId]
        expect(asked).toEqual([events.length, events.at(-1)?.event_id])
        expect([fold.events, fold.lastEventId]).toEqual([below.length, below.at(-1)?.event_id])
        branch.merge()
        expect([fold.events, fold.lastEventId]).toEqual(asked)
      }),
      runs,
    ))
  it("copies count once, also copies of a copy that differs", () =>
    fc.assert(
      fc.property(hostileHistory, fc.array(fc.nat(), { maxLength: 9 }), (events, picks) => {
        const sound = inOrder(events)
        const copies = sound.length === 0 ? [] : picks.map((n) => structuredClone(sound[n % sound.length]) as Foldable)
        expect(stateOf(foldAll(projection, [...sound, ...copies])).entities).toEqual(
          stateOf(foldAll(projection, sound)).entities,
        )
        expect([...foldAll(projection, [...sound, ...copies]).anomalous()]).toEqual([
          ...foldAll(projection, sound).anomalous(),
        ])
      }),
      runs,
    ))
  it("nothing that comes in makes it throw", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            hostileEvent,
            fc.anything().map((x) => x as Foldable),
          ),
        ),
        (events) => {
          new Fold(projection).applyAll(events)
          foldAll(projection, events)
        },
      ),
      runs,
    ))
  it("a branch that is merged is the same as none, one that is dropped changes nothing", () =>
    fc.assert(
      fc.property(hostileHistory, split, split, fc.boolean(), (events, first, second, keepsInner) => {
        const [below, above] = cut(inOrder(events), first)
        const [outerPart, innerPart] = cut(above, second)
        const fold = new Fold(projection).applyAll(below)
        const before = structuredClone(stateOf(fold))
        const outer = fold.branch().applyAll(outerPart)
        const inner = outer.branch().applyAll(innerPart)
        const direct = new Fold(projection).applyAll([...below, ...above])
        // The views of a branch read through to what lies below.
        expect([inner.size, [...inner.entries()], [...inner.anomalous()], inner.skipped, inner.position]).toEqual([
          direct.size,
          [...direct.entries()],
          [...direct.anomalous()],
          direct.skipped,
          direct.position,
        ])
        for (const key of ["a", "b", "c", "__proto__", "all"]) {
          expect(inner.get(key)).toEqual(direct.get(key))
          expect(inner.anomalies(key)).toEqual(direct.anomalies(key))
          expect(inner.holder("door.installed", "s1")).toEqual(direct.holder("door.installed", "s1"))
        }
        expect(stateOf(fold)).toEqual(before)
        if (keepsInner) inner.merge()
        outer.merge()
        expect(stateOf(fold)).toEqual(
          stateOf(keepsInner ? direct : new Fold(projection).applyAll([...below, ...outerPart])),
        )
      }),
      runs,
    ))
  it("stopping, saving as text and going on is the same as never stopping", () =>
    fc.assert(
      fc.property(hostileHistory, split, (events, at) => {
        const [before, after] = cut(inOrder(events), at)
        const text = JSON.stringify(Checkpoint.take(new Fold(projection).applyAll(before)))
        const resumed = Result.getOrThrow(Checkpoint.resume(projection, JSON.parse(text) as Checkpoint.Checkpoint))
        const straight = new Fold(projection).applyAll([...before, ...after])
        expect(JSON.parse(JSON.stringify(stateOf(resumed.applyAll(after))))).toEqual(
          JSON.parse(JSON.stringify(stateOf(straight))),
        )
      }),
      runs,
    ))
}

describe("laws of a projection with an entity per job", () => laws(Doors))
describe("laws of a projection that is sensitive to order", () => laws(Diary))

describe("anomalies", () => {
  const opened = (position: number, by = "ada"): RecordedEvent => recorded(position, "door.opened", "front", { by })
  it("are bounded per key and in length, the oldest stay", () => {
    const events = Array.from({ length: 1000 }, (_, i) => opened(i + 1, "x".repeat(10_000)))
    const known = foldAll(Doors, events).anomalies("front")
    expect(known.length).toBe(64)
    expect(known[0]).toMatchObject({ position: 2, event_id: "evt_2", event_type: "door.opened", code: "opened_twice" })
    expect(known[0]?.detail?.length).toBe(500)
  })
  it("name what does not fit: a malformed payload, a key that is taken, a copy that differs", () => {
    const fold = foldAll(Doors, [
      recorded(1, "door.installed", "front", { serial: "s1" }),
      recorded(2, "door.installed", "back", { serial: "s1" }),
      recorded(3, "door.opened", "front", { by: 5 }),
      { ...opened(4), actor: "other" },
      opened(4),
    ])
    expect(
      [...fold.anomalous()].map(([key, list]) => [key, list.map(({ code, position }) => `${position} ${code}`)]),
    ).toEqual([
      ["back", ["2 duplicate_key"]],
      ["front", ["3 malformed_payload", "4 conflicting_copy"]],
    ])
    expect(fold.get("back")).toBeUndefined()
    expect(fold.holder("door.installed", "s1")).toEqual({ position: 1, event_id: "evt_1", job_id: "front" })
    expect(fold.skipped).toEqual({ unknown: 0, malformed: 1 })
  })
  it("an empty unique key is no key", () => {
    const Loose = { ...Doors, reader: { ...Door, decode: Door.decode, uniqueOf: () => "by" } }
    expect([
      ...foldAll(Loose, [
        recorded(1, "door.closed", "a", { by: "" }),
        recorded(2, "door.closed", "b", { by: "" }),
      ]).anomalous(),
    ]).toEqual([])
  })
  it("a projection that throws leaves its entity, says so, and goes on", () => {
    const Fragile = Projections.make({
      ...Doors,
      evolve: (door, fact, report) => {
        if (fact.event_type === "door.closed") throw new Error("cannot close")
        return Doors.evolve(door, fact, report)
      },
    })
    const fold = foldAll(Fragile, [opened(1), recorded(2, "door.closed", "front", {}), opened(3)])
    expect(fold.get("front")).toEqual({ isOpen: true, opened_times: 2, last_by: "ada" })
    expect(fold.anomalies("front").map(({ code }) => code)).toEqual(["threw", "opened_twice"])
  })
})

describe("a checkpoint that must not be used is refused", () => {
  const good = JSON.stringify(
    Checkpoint.take(
      foldAll(Doors, [
        recorded(1, "door.installed", "a", { serial: "s" }),
        recorded(2, "door.opened", "a", { by: "ada" }),
        recorded(3, "door.opened", "a", { by: 5 }),
      ]),
    ),
  )
  const resume = (edit: (saved: Record<string, never>) => unknown, head?: number) => {
    const saved = edit(JSON.parse(good) as Record<string, never>) as Checkpoint.Checkpoint
    const result = Checkpoint.resume(Doors, saved, head === undefined ? {} : { head })
    return Result.isFailure(result) ? result.failure.reason : undefined
  }
  const inState = (change: object) => (saved: Record<string, never>) => ({
    ...saved,
    state: { ...(saved["state"] as object | undefined), ...change },
  })
  it("as it is, it is good", () => expect(resume((saved) => saved, 3)).toBeUndefined())
  it.each([
    ["of another projection", (saved: object) => ({ ...saved, name: "windows" }), /of the projection "windows"/],
    ["of another version", (saved: object) => ({ ...saved, version: 2 }), /of version 2, want 1/],
    ["nothing", () => null, /is damaged/],
    ["no state", (saved: object) => ({ ...saved, state: null }), /is damaged/],
    ["a damaged entity", inState({ entities: [["a", { isOpen: "no" }]] }), /an entity that does not fit, "a"/],
    ["damaged anomalies", inState({ anomalies: [["a", 5]] }), /is damaged/],
    ["damaged holders", inState({ holders: [["door.installed s", null]] }), /is damaged/],
    ["no counts", inState({ skipped: undefined }), /is damaged/],
    ["a position of its own", inState({ position: -1 }), /is damaged/],
    ["a last event elsewhere", inState({ position: 9 }), /does not stand at its last event/],
  ])("%s", (_, edit, reason) => expect(resume(edit)).toMatch(reason))
  it("beyond the ledger's head", () => expect(resume((saved) => saved, 2)).toMatch(/beyond the ledger's last, 2/))
})

it("a branch whose ground has moved is not merged", () => {
  const fold = new Fold(Doors)
  const branch = fold.branch()
  fold.apply(recorded(1, "door.closed", "a", {}))
  expect(() => branch.merge()).toThrow(/the state it was made from/)
})

it("an entity may be any JSON value, null included", () => {
  const Last = Projections.make({
    name: "last",
    version: 1,
    reader: Door,
    key: (fact) => fact.job_id,
    entity: Schema.NullOr(Schema.String),
    evolve: (_, fact) => (fact.event_type === "door.opened" ? fact.payload.by : null),
  })
  const fold = foldAll(Last, [recorded(1, "door.opened", "a", { by: "ada" })])
  expect([
    ...fold
      .branch()
      .applyAll([recorded(2, "door.closed", "a", {})])
      .entries(),
  ]).toEqual([["a", null]])
})
