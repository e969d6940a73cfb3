/** What a fold does with each event, one case at a time; its laws are in Fold.prop.test.ts. */
import { Checkpoint, Fold, foldAll, isRecordedFact, Projection, type RecordedEvent } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Result, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Diary, Door, type DoorFact, Doors } from "./support/door.ts"

const opened = (job_id: string, by: unknown = "ada") => ({ event_type: "door.opened", job_id, payload: { by } })
const installed = (job_id: string, serial: string) => ({ event_type: "door.installed", job_id, payload: { serial } })
const codes = (fold: Fold<unknown, never> | Fold<unknown, DoorFact>, key: string) =>
  fold.anomalies(key).map(({ code, detail, position }) => [position, code, ...(detail === undefined ? [] : [detail])])

describe("an event counts once", () => {
  const events = recordedEvents([opened("a"), opened("b"), opened("a")])
  const [one, two, three] = events as readonly [RecordedEvent, RecordedEvent, RecordedEvent]
  it("one below the fold's position changes nothing, and is not even compared", () => {
    const fold = new Fold(Doors).applyAll([one, two, { ...one, payload: { by: "bob" } }, { ...one, event_id: "other" }])
    expect([fold.position, fold.get("a")?.last_by, codes(fold, "a")]).toEqual([2, "ada", []])
  })
  it("one at the fold's position that says the same changes nothing", () => {
    const fold = new Fold(Doors).applyAll([one, structuredClone(one), { ...one, payload: { by: "ada" } }])
    expect([fold.get("a")?.opened_times, codes(fold, "a")]).toEqual([1, []])
  })
  it("one at the fold's position that says something else is told, once per job and position", () => {
    const other = { ...one, payload: { by: "bob" } }
    const fold = new Fold(Doors).applyAll([one, other, other, { ...one, actor: "eve" }, { ...other, job_id: "b" }])
    expect([codes(fold, "a"), codes(fold, "b")]).toEqual([[[1, "conflicting_copy"]], [[1, "conflicting_copy"]]])
    fold.applyAll([two, three, { ...three, actor: "eve" }])
    expect(codes(fold, "a")).toEqual([
      [1, "conflicting_copy"],
      [3, "opened_twice", "ada"],
      [3, "conflicting_copy"],
    ])
  })
  it("before the first event there is nothing that a copy could differ from", () => {
    const saved = new Fold(Doors).save()
    expect(new Fold(Doors, { ...saved, position: 1 }).applyAll([one]).anomalies("a")).toEqual([])
  })
})

describe("what is no event is counted, and no fold stumbles over it", () => {
  const [event] = recordedEvents([opened("a")]) as readonly [RecordedEvent]
  it.each<readonly [string, unknown]>([
    ["nothing", null],
    ["text", "event"],
    ["a list", []],
    ["no position", { ...event, position: undefined }],
    ["position 0", { ...event, position: 0 }],
    ["a position below it", { ...event, position: -1 }],
    ["half a position", { ...event, position: 1.5 }],
    ["a position as text", { ...event, position: "1" }],
    ["a position beyond all numbers", { ...event, position: 2 ** 53 }],
    ["no id", { ...event, event_id: null }],
    ["no type", { ...event, event_type: 5 }],
    ["no job", { ...event, job_id: undefined }],
  ])("%s", (_, value) => {
    for (const fold of [new Fold(Doors).applyAll([value as RecordedEvent]), foldAll(Doors, [value as RecordedEvent])])
      expect([fold.size, fold.position, fold.skipped]).toEqual([0, 0, { unknown: 0, malformed: 1 }])
  })
  it("an event of another vocabulary is passed by, and moves the position", () => {
    const fold = new Fold(Doors).applyAll([{ ...event, event_type: "window.opened", position: 7 }])
    expect([fold.size, fold.position, fold.skipped]).toEqual([0, 7, { unknown: 0, malformed: 0 }])
  })
  it("a type that nobody knows and a payload that does not fit are counted apart, the latter with its first mistake", () => {
    const fold = foldAll(
      Doors,
      recordedEvents([{ ...opened("a"), event_type: "door.painted" }, opened("a", 5), opened("a", "")]),
    )
    expect(fold.skipped).toEqual({ unknown: 1, malformed: 2 })
    expect(codes(fold, "a").map(([position, code, detail]) => [position, code, String(detail).split(" ")[0]])).toEqual([
      [2, "malformed_payload", "by"],
      [3, "malformed_payload", "by"],
    ])
  })
})

it("facts that were decoded before are folded like events", () => {
  const events = recordedEvents([installed("a", "s1"), opened("a"), opened("a"), installed("b", "s1")])
  const facts = events.map((event) => Door.decode(event)).filter((fact): fact is DoorFact => isRecordedFact(fact))
  const [fromEvents, fromFacts] = [
    new Fold(Doors).applyAll(events),
    new Fold(Doors).applyAll([...facts, ...facts.slice(0, 2)]),
  ]
  expect(fromFacts.save()).toEqual(fromEvents.save())
  expect(Door.hasRead(facts[0]!)).toBe(true)
  expect(Door.hasRead(events[0]!)).toBe(false)
})

describe("unique keys", () => {
  const events = recordedEvents([installed("a", "s1"), installed("b", "s1"), installed("b", ""), installed("c", "")])
  it("belong to whoever took them first; a duplicate is told with its holder, and not folded", () => {
    const fold = foldAll(Doors, events)
    expect(fold.get("b")).toBeUndefined()
    expect(codes(fold, "b").slice(0, 1)).toEqual([
      [2, "duplicate_key", "serial is held by evt_door.installed_a_000001"],
    ])
    expect(fold.holder("door.installed", "s1")).toEqual({
      position: 1,
      event_id: "evt_door.installed_a_000001",
      job_id: "a",
    })
    expect([fold.holder("door.installed", ""), fold.holder("door.opened", "s1")]).toEqual([undefined, undefined])
  })
  it("are not forgotten by a fold that was saved, nor is anything else", () => {
    const before = foldAll(Doors, recordedEvents([installed("a", "s1"), opened("a"), opened("a"), opened("a", 5)]))
    const text = JSON.stringify(Checkpoint.take(before))
    const after = Result.getOrThrow(Checkpoint.resume(Doors, JSON.parse(text) as Checkpoint.Checkpoint))
    expect(JSON.stringify(Checkpoint.take(after))).toBe(text)
    expect(codes(after, "a").map(([, code]) => code)).toEqual(["opened_twice", "malformed_payload"])
    expect(after.skipped).toEqual({ unknown: 0, malformed: 1 })
    after.applyAll(recordedEvents([installed("b", "s1")], { after: 4 }))
    expect(codes(after, "b").map(([, code]) => code)).toEqual(["duplicate_key"])
    expect(after.holder("door.installed", "s1")?.job_id).toBe("a")
  })
  it("may hold spaces", () => {
    const fold = foldAll(Doors, recordedEvents([installed("a", " s 1 ")]))
    const after = Result.getOrThrow(Checkpoint.resume(Doors, Checkpoint.take(fold)))
    expect(after.holder("door.installed", " s 1 ")?.job_id).toBe("a")
  })
  it("a fold may be told to fold duplicates; they are listed all the same", () => {
    const fold = foldAll({ ...Doors, foldsDuplicates: true }, events)
    expect([fold.get("b")?.isOpen, codes(fold, "b")[0]?.[1]]).toEqual([false, "duplicate_key"])
  })
})

describe("a projection", () => {
  const base = {
    name: "p",
    version: 1,
    reader: Door,
    entity: Schema.Array(Schema.String),
    key: (fact: DoorFact) => fact.job_id,
  }
  const [event] = recordedEvents([opened("a")])
  it("leaves out facts without a key, with their unique keys", () => {
    const Some = Projection.make({
      ...base,
      key: (fact) => (fact.job_id === "a" ? undefined : fact.job_id),
      evolve: () => ["x"],
    })
    const fold = foldAll(Some, recordedEvents([installed("a", "s1"), installed("b", "s1")]))
    expect([fold.size, fold.get("b"), fold.anomalies("b")]).toEqual([1, ["x"], []])
  })
  it("that answers undefined leaves the entity as it is, and makes none", () => {
    const First = Projection.make({ ...base, evolve: (_, fact) => (fact.position === 2 ? ["x"] : undefined) })
    const fold = foldAll(First, recordedEvents([opened("a"), opened("a"), opened("a")]))
    expect([fold.size, fold.get("a")]).toEqual([1, ["x"]])
    expect(foldAll(First, [event!]).size).toBe(0)
  })
  it("that throws loses that fact and no other; the anomaly says what was thrown", () => {
    const Throwing = Projection.make({
      ...base,
      evolve: (entity = [], fact) => {
        if (fact.position === 2) throw new Error("oh no")
        // oxlint-disable-next-line typescript/only-throw-error -- whatever somebody throws
        if (fact.position === 3) throw "text"
        return [...entity, String(fact.position)]
      },
    })
    const fold = foldAll(Throwing, recordedEvents([opened("a"), opened("a"), opened("a"), opened("a")]))
    expect(fold.get("a")).toEqual(["1", "4"])
    expect(codes(fold, "a")).toEqual([
      [2, "threw", "oh no"],
      [3, "threw"],
    ])
  })
  it("may keep its report for later, which says nothing any more about facts that are gone", () => {
    const kept: Array<Projection.Report> = []
    const Keeping = Projection.make({
      ...base,
      evolve: (_, __, report) => {
        kept.push(report)
        return ["x"]
      },
    })
    const fold = foldAll(Keeping, recordedEvents([opened("a"), opened("b")]))
    expect([fold.anomalies("a"), fold.anomalies("b"), kept.length]).toEqual([[], [], 2])
  })
})

it("a whole history may come in any order, with what is no event in between", () => {
  const events = recordedEvents([opened("a"), opened("b"), { event_type: "door.closed", job_id: "a", payload: {} }])
  const mixed = [events[2], null, events[0], 5, events[1]] as ReadonlyArray<RecordedEvent>
  const fold = foldAll(Diary, mixed)
  expect(fold.get("all")).toEqual(["1 door.opened a", "2 door.opened b", "3 door.closed a"])
  expect(fold.skipped.malformed).toBe(2)
})

it("of records that claim one position the same one counts, whatever order they come in", () => {
  const [event] = recordedEvents([opened("a")]) as readonly [RecordedEvent]
  const rivals = ["ada", "bob", "cyd"].map((by) => ({ ...event, payload: { by } }))
  for (const [x, y, z] of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
  ] as const) {
    const fold = foldAll(Doors, [rivals[x]!, rivals[y]!, rivals[z]!, rivals[x]!])
    expect([fold.get("a")?.last_by, codes(fold, "a")]).toEqual(["ada", [[1, "conflicting_copy"]]])
  }
})

describe("a branch", () => {
  const base = () => new Fold(Doors).applyAll(recordedEvents([installed("a", "s1"), opened("a")]))
  const more = recordedEvents(
    [
      { event_type: "door.closed", job_id: "a", payload: {} },
      installed("b", "s2"),
      installed("c", "s1"),
      opened("a", 5),
    ],
    { after: 2 },
  )
  it("sees what lies below and keeps its own apart, until it is merged", () => {
    const fold = base()
    const branch = fold.branch().applyAll(more)
    expect([branch.size, fold.size, branch.get("a")?.isOpen, fold.get("a")?.isOpen]).toEqual([2, 1, false, true])
    expect([branch.holder("door.installed", "s1")?.job_id, branch.holder("door.installed", "s2")?.job_id]).toEqual([
      "a",
      "b",
    ])
    expect(fold.holder("door.installed", "s2")).toBeUndefined()
    expect([branch.skipped.malformed, fold.skipped.malformed, branch.position, fold.position]).toEqual([1, 0, 6, 2])
    expect([...branch.anomalous()].map(([key]) => key).toSorted()).toEqual(["a", "c"])
    expect([...fold.anomalous()]).toEqual([])
    branch.merge()
    expect(fold.save()).toEqual(
      new Fold(Doors)
        .applyAll(recordedEvents([installed("a", "s1"), opened("a")]))
        .applyAll(more)
        .save(),
    )
  })
  it("that was made before something else was applied cannot be merged", () => {
    const fold = base()
    const branch = fold.branch().applyAll(more)
    fold.applyAll(more.slice(0, 1))
    expect(() => branch.merge()).toThrow("a branch can only be merged into the state it was made from")
  })
})

it("a checkpoint that must not be used says of what, and why", () => {
  const saved = Checkpoint.take(foldAll(Doors, recordedEvents([opened("a"), opened("b")])))
  const reason = (change: object, head?: number) => {
    const resumed = Checkpoint.resume(
      Doors,
      { ...saved, ...change } as Checkpoint.Checkpoint,
      head === undefined ? {} : { head },
    )
    return Result.isFailure(resumed) ? resumed.failure.message : "resumed"
  }
  expect(reason({})).toBe("resumed")
  expect(reason({}, 2)).toBe("resumed")
  expect(reason({}, 1)).toBe("checkpoint of doors: stands at position 2, beyond the ledger's last, 1")
  expect(reason({ name: "x" })).toBe('checkpoint of doors: is of the projection "x"')
  expect(reason({ version: 2 })).toBe("checkpoint of doors: is of version 2, want 1")
  expect(reason({ state: { ...saved.state, position: 1 } })).toBe(
    "checkpoint of doors: does not stand at its last event",
  )
  expect(reason({ state: { ...saved.state, entities: [["a", { isOpen: "yes" }]] } })).toBe(
    'checkpoint of doors: holds an entity that does not fit, "a"',
  )
  expect(
    reason({
      state: { ...saved.state, entities: [["a", { isOpen: true, opened_times: 1, last_by: null, later: 1 }]] },
    }),
  ).toBe("resumed")
  expect(reason({ state: 5 })).toMatch(/^checkpoint of doors: is damaged: state /u)
  const damaged = (state: object) =>
    reason({ state: { ...saved.state, ...state } })
      .split(": ")[2]
      ?.split(" ")[0]
  expect(damaged({ skipped: { unknown: -1, malformed: 0 } })).toBe("state.skipped.unknown")
  expect(damaged({ skipped: {} })).toBe("state.skipped.unknown")
  expect(damaged({ holders: [["door.installed s1", { position: 1, event_id: "e" }]] })).toBe("state.holders.0.1.job_id")
  expect(damaged({ anomalies: [["a", [{ position: 1, event_id: "e", event_type: "t" }]]] })).toBe(
    "state.anomalies.0.1.0.code",
  )
  expect(damaged({ last: { position: 2 } })).toBe("state.last.event_id")
  expect(damaged({ entities: [["a"]] })).toBe("state.entities.0.1")
})
