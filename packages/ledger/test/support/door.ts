/** A small vocabulary, the projections of it and a decider, for tests that need something to fold. */
import { Decider, Projection, Vocabulary } from "@waybill/ledger"
import { Data, Result, Schema } from "effect"

export const Door = Vocabulary.make("door", {
  installed: {
    payload: Schema.Struct({ serial: Schema.NonEmptyString, floor: Schema.optionalKey(Schema.Int) }),
    description: "A door was put in.",
    unique: "serial",
  },
  opened: {
    payload: Schema.Struct({
      by: Schema.NonEmptyString,
      notes: Schema.optionalKey(Schema.Array(Schema.Struct({ text: Schema.String }))),
    }),
    description: "Somebody opened the door.",
  },
  closed: { payload: Schema.Struct({}), description: "The door fell shut." },
})
export type DoorFact = Vocabulary.FactsOf<typeof Door>

export const DoorState = Schema.Struct({
  isOpen: Schema.Boolean,
  opened_times: Schema.Int,
  last_by: Schema.NullOr(Schema.String),
})
export type DoorState = typeof DoorState.Type

const installed: DoorState = { isOpen: false, opened_times: 0, last_by: null }

/** One entity per door. A door that is opened twice without closing is an anomaly. */
export const Doors = Projection.make<DoorState, DoorFact>({
  name: "doors",
  version: 1,
  reader: Door,
  entity: DoorState,
  key: (fact) => fact.job_id,
  evolve: (door = installed, fact, report) => {
    switch (fact.event_type) {
      case "door.installed":
        return door
      case "door.opened":
        if (door.isOpen) report("opened_twice", fact.payload.by)
        return { isOpen: true, opened_times: door.opened_times + 1, last_by: fact.payload.by }
      case "door.closed":
        return { ...door, isOpen: false }
    }
  },
})

/** One entity for everything; sensitive to order, so that a wrong order shows. */
export const Diary = Projection.make<ReadonlyArray<string>, DoorFact>({
  name: "diary",
  version: 1,
  reader: Door,
  entity: Schema.Array(Schema.String),
  key: () => "all",
  evolve: (lines = [], fact) => [...lines, `${fact.position} ${fact.event_type} ${fact.job_id}`],
})

export class AlreadyOpen extends Data.TaggedError("AlreadyOpen")<{ readonly door: string }> {}

/** Opens a door that is closed. */
export const openDoor = Decider.make({
  name: "open-door",
  projection: Doors,
  decide: (doors, { door, by }: { readonly door: string; readonly by: string }) =>
    doors.get(door)?.isOpen === true
      ? Result.fail(new AlreadyOpen({ door }))
      : Decider.facts(Door.facts.opened.make(door, { by })),
})
