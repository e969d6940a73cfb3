/** What a decider decides on, why it refuses, and what `transact` makes of it. */
import {
  type AppendError,
  Decider,
  InvalidFact,
  isRecordedFact,
  type LedgerShape,
  type RecordedEvent,
  type RecordedFact,
} from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Data, Effect, Result, Stream } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import { Door, Doors } from "./support/door.ts"
import { by, fresh, run } from "./support/ledgers.ts"

class Refused extends Data.TaggedError("Refused")<{ readonly why: string }> {}

interface Command {
  readonly door: string
  readonly serial: string
}

const installing = Decider.make({
  name: "installing",
  projection: Doors,
  decide: (doors, { door, serial }: Command) => {
    if (serial === "cursed") return Result.fail(new Refused({ why: "nobody wants it" }))
    return doors.get(door) === undefined
      ? Decider.facts(Door.facts.installed.make(door, { serial }), Door.facts.opened.make(door, { by: "the fitter" }))
      : Decider.facts()
  },
})

const decideOn = (command: Command, history: ReadonlyArray<RecordedEvent> = []) =>
  Decider.decideAfter(installing, history, command)

describe("a decider", () => {
  it("decides on facts that constructors made", () => {
    const decided = decideOn({ door: "front", serial: "s1" })
    expect(Result.isSuccess(decided) && decided.success.map(({ event_type }) => event_type)).toEqual([
      "door.installed",
      "door.opened",
    ])
  })
  it("refuses with what it says itself, or with the first constructor's refusal", () => {
    const refusalOf = (command: Command) => {
      const decided = decideOn(command)
      return Result.isFailure(decided) ? decided.failure : undefined
    }
    expect(refusalOf({ door: "front", serial: "cursed" })).toEqual(new Refused({ why: "nobody wants it" }))
    const refusal = refusalOf({ door: "", serial: "" })
    expect(refusal instanceof InvalidFact && [refusal.event_type, refusal.issues.map(({ path }) => path)]).toEqual([
      "door.installed",
      ["job_id", "serial"],
    ])
  })
  it("has nothing to do where the history says so, in whatever order that comes", () => {
    const history = recordedEvents([
      Door.facts.opened.makeOrThrow("back", { by: "ada" }),
      Door.facts.closed.makeOrThrow("front", {}),
    ])
    expect(decideOn({ door: "front", serial: "s1" }, history.toReversed())).toEqual(Result.succeed([]))
    expect(Result.isSuccess(decideOn({ door: "front", serial: "s1" }, history.slice(0, 1)))).toBe(true)
  })
})

describe("transact", () => {
  it("answers with the recorded forms of what was decided on", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const recorded = yield* ledger.transact(installing, { door: "front", serial: "s1" }, by("r1"))
        expect(recorded.every(isRecordedFact)).toBe(true)
        expect(recorded.map(({ event_id }) => event_id)).toEqual([
          "evt_door.installed_front_000001",
          "evt_door.opened_front_000002",
        ])
        expect(yield* ledger.transact(installing, { door: "front", serial: "s2" }, by("r2"))).toEqual([])
        expect(yield* Stream.runCollect(ledger.read())).toHaveLength(2)
      }),
    ))
  it("fails with the decider's refusal, a constructor's among them, and records nothing", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const refusal = (serial: string) => Effect.flip(ledger.transact(installing, { door: "front", serial }, by("r")))
        expect(yield* refusal("cursed")).toBeInstanceOf(Refused)
        expect(yield* refusal("")).toBeInstanceOf(InvalidFact)
        expect(yield* Stream.runCollect(ledger.read())).toEqual([])
      }),
    ))
  it("its types are the decider's", () => {
    const ask = (ledger: LedgerShape) => ledger.transact(installing, { door: "d", serial: "s" }, by("r"))
    type Answer = Effect.Success<ReturnType<typeof ask>>
    expectTypeOf<Answer>().toEqualTypeOf<
      | readonly []
      | readonly [
          RecordedFact<"door.installed", { readonly serial: string; readonly floor?: number }>,
          RecordedFact<
            "door.opened",
            { readonly by: string; readonly notes?: ReadonlyArray<{ readonly text: string }> }
          >,
        ]
    >()
    expectTypeOf<Effect.Error<ReturnType<typeof ask>>>().toEqualTypeOf<Refused | InvalidFact | AppendError>()
  })
})
