import { Checkpoint, Fold, Projection, type RecordedEvent, type View } from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Door, type DoorFact, DoorState, Doors } from "./support/door.ts"
import { recorded } from "./support/histories.ts"

const places = (door: DoorState): ReadonlyArray<Projection.Place> => {
  if (door.opened_times % 7 === 6) throw new Error("no place for this one")
  const held = { lane: `held by ${door.last_by}`, from: door.opened_times % 5 === 4 ? Number.NaN : door.opened_times }
  const counted = { lane: "every door", from: Number.POSITIVE_INFINITY }
  return door.isOpen ? [held, counted] : [{ lane: "shut", from: Number.NEGATIVE_INFINITY }, counted]
}

/** Which door waits where, from a look at all of them. */
const Waiting = Projection.make<DoorState, DoorFact>({ ...Doors, name: "waiting doors", places })

const lanes = ["held by ada", "held by bob", "shut", "every door", "nobody's lane"]
const untils = [Number.NEGATIVE_INFINITY, 0, 1, 2, 3, Number.POSITIVE_INFINITY]

/** What the index must say, found by a look at every entity. */
const naive = (view: View<DoorState>) => {
  const rows = [...view.entries()].flatMap(([key, door]) => {
    try {
      return places(door)
        .filter(({ from }) => !Number.isNaN(from))
        .map((place) => ({ key, ...place }))
    } catch {
      return []
    }
  })
  return lanes.map((lane) => {
    const waiting = rows.filter((row) => row.lane === lane)
    const earliest = waiting.length === 0 ? undefined : Math.min(...waiting.map(({ from }) => from))
    return [
      waiting.length,
      earliest,
      ...untils.map((until) => waiting.filter(({ from }) => from <= until).map(({ key }) => key)),
    ]
  })
}
const answered = (view: View<DoorState>) =>
  lanes.map((lane) => [view.count(lane), view.earliest(lane), ...untils.map((until) => [...view.due(lane, until)])])

type Step =
  | { readonly kind: "event"; readonly job: number; readonly type: string; readonly by: string }
  | { readonly kind: "ask" | "branch" | "merge" | "drop" | "save" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("event" as const),
      // More than one node's ways, and often the same few.
      job: fc.oneof(fc.nat(4), fc.nat(99)),
      type: fc.constantFrom("door.installed", "door.opened", "door.opened", "door.closed"),
      by: fc.constantFrom("ada", "bob"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom("ask", "branch", "merge", "drop", "save" as const) }),
  },
)

/** Walks over a pile of branches; every ask is compared with a look at all entities. */
const walk = (steps: ReadonlyArray<Step>): void => {
  let ground = new Fold(Waiting)
  const pile: Array<ReturnType<typeof ground.branch>> = []
  const top = () => pile.at(-1) ?? ground
  let position = 0
  for (const now of steps) {
    switch (now.kind) {
      case "event": {
        const payload = now.type === "door.opened" ? { by: now.by } : { serial: `s${position}` }
        top().apply(recorded(++position, now.type, `door ${now.job}`, payload))
        break
      }
      case "branch":
        pile.push(top().branch())
        break
      case "merge":
        pile.pop()?.merge()
        break
      case "drop":
        pile.pop()
        break
      case "save":
        if (pile.length > 0) break
        ground = Result.getOrThrow(
          Checkpoint.resume(Waiting, JSON.parse(JSON.stringify(Checkpoint.take(ground))) as Checkpoint.Checkpoint),
        )
        break
      case "ask":
        expect(answered(top())).toEqual(naive(top()))
    }
  }
  for (const view of [...pile, ground]) expect(answered(view)).toEqual(naive(view))
}

describe("who waits in a lane, and since when", () => {
  it("is what a look at every entity would find, whenever it is asked: over branches, merges, drops and checkpoints", () =>
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), walk), { numRuns: 2000 }))

  it("is found in the order of the first fact of each, beyond the ways of one node", () => {
    const fold = new Fold(Waiting)
    const events: Array<RecordedEvent> = []
    for (let i = 0; i < 3000; i++) events.push(recorded(i + 1, "door.closed", `door ${i}`, {}))
    fold.applyAll(events)
    expect([...fold.due("shut", 0)]).toEqual([...fold.entries()].map(([key]) => key))
    for (let i = 0; i < 3000; i += 2) fold.apply(recorded(3001 + i, "door.opened", `door ${i}`, { by: "ada" }))
    expect([...fold.due("shut", 0)]).toEqual(Array.from({ length: 1500 }, (_, i) => `door ${2 * i + 1}`))
    expect([fold.count("shut"), fold.count("held by ada"), fold.count("every door")]).toEqual([1500, 1500, 3000])
  })

  it("is a snapshot for whoever walks it: what is applied meanwhile changes nothing", () => {
    const fold = new Fold(Waiting)
    for (let i = 0; i < 50; i++) fold.apply(recorded(i + 1, "door.closed", `door ${i}`, {}))
    const found: Array<string> = []
    for (const key of fold.due("shut", 0)) {
      found.push(key)
      fold.apply(recorded(100 + found.length, "door.opened", `door ${found.length}`, { by: "ada" }))
    }
    expect(found).toHaveLength(50)
  })

  it("costs the same for the first of many and the first of few, however many are not due before it", () => {
    const visited = (doors: number): number => {
      let asked = 0
      const Counting = Projection.make<DoorState, DoorFact>({
        name: "counting",
        version: 1,
        reader: Door,
        entity: DoorState,
        key: (fact) => fact.job_id,
        evolve: Doors.evolve,
        places: (door) => {
          asked++
          return places(door)
        },
      })
      const fold = new Fold(Counting)
      for (let i = 0; i < doors; i++) fold.apply(recorded(i + 1, "door.opened", `door ${i}`, { by: "ada" }))
      fold.count("shut")
      asked = 0
      fold.apply(recorded(doors + 1, "door.closed", `door ${doors - 1}`, {}))
      expect([...fold.due("shut", 0)]).toEqual([`door ${doors - 1}`])
      return asked
    }
    expect(visited(2000)).toBe(visited(2))
  })

  it("is empty for a projection that names no places", () => {
    const fold = new Fold(Doors).applyAll([recorded(1, "door.closed", "front", {})])
    expect([[...fold.due("shut", 0)], fold.count("shut")]).toEqual([[], 0])
  })
})
