/** What a decider decides on, why it refuses, and what `transact` makes of it. */
import {
  type AppendError,
  Decider,
  InvalidFact,
  isRecordedFact,
  Ledger,
  type LedgerShape,
  Projection,
  type RecordedEvent,
  type RecordedFact,
  Vocabulary,
} from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { recordedEvents } from "@waybill/ledger/testing"
import { Data, Effect, Result, Schema, Stream } from "effect"
import * as fc from "fast-check"
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

const Till = Vocabulary.make("till", {
  paid: { payload: Schema.Struct({ receipt: Schema.NonEmptyString }), unique: "receipt" },
})
const Tills = Projection.make({
  name: "tills",
  version: 1,
  reader: Till,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count = 0) => count + 1,
})
const paying = Decider.make({
  name: "paying",
  projection: Tills,
  decide: (tills, { receipt, till }: { readonly till: string; readonly receipt: string }) =>
    (tills.get(till) ?? 0) >= 2
      ? Result.fail(new Refused({ why: "the till is full" }))
      : Decider.facts(Till.facts.paid.make(till, { receipt })),
  requestId: (tills, { till }) => `req-till-${tills.get(till) ?? 0}`,
})
const shop = Effect.flatMap(makeMemoryStore(), (store) => Ledger.make(store, [Door, Till]))

describe("transactAll", () => {
  const install = (door: string, serial = "s") => Decider.step(installing, { door, serial })
  const pay = (receipt: string) => Decider.step(paying, { till: "till", receipt })

  it("what several deciders decide on is one batch, in the order of the steps, each fact under its own request", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* shop
        const [installed, paid] = yield* ledger.transactAll([install("front"), pay("p1")], by("r1"))
        expect(installed.map(({ event_type }) => event_type)).toEqual(["door.installed", "door.opened"])
        expectTypeOf(paid).toEqualTypeOf<readonly [RecordedFact<"till.paid", { readonly receipt: string }>]>()
        const events = yield* Stream.runCollect(ledger.read())
        expect(events.map(({ batch, event_type, request_id }) => [event_type, request_id, batch])).toEqual([
          ["door.installed", "r1", [0, 3]],
          ["door.opened", "r1", [1, 3]],
          ["till.paid", "req-till-0", [2, 3]],
        ])
        // A step that has nothing to do adds nothing to what the others do.
        expect(yield* ledger.transactAll([install("front"), pay("p2")], by("r2"))).toMatchObject([[], [{}]])
      }),
    ))

  it("any subset of refusals refuses all of it, and nothing is recorded", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("s1", "cursed"),
        fc.integer({ min: 0, max: 2 }),
        fc.boolean(),
        fc.boolean(),
        (serial, paid, isTaken, isReversed) =>
          run(
            Effect.gen(function* () {
              const ledger = yield* shop
              for (let n = 0; n < paid; n++) yield* ledger.transactAll([pay(`p${n}`)], by("r"))
              const before = yield* Stream.runCollect(ledger.read())
              const steps = [install("front", serial), pay(isTaken ? "p0" : "new")] as const
              const asked = ledger.transactAll(isReversed ? steps.toReversed() : [...steps], by("r1"))
              const answer = yield* Effect.result(asked)
              const isRefused = serial === "cursed" || paid === 2 || (isTaken && paid > 0)
              expect(Result.isFailure(answer)).toBe(isRefused)
              const added = (yield* Stream.runCollect(ledger.read())).slice(before.length)
              expect(added.map(({ batch }) => batch)).toEqual(
                isRefused
                  ? []
                  : [
                      [0, 3],
                      [1, 3],
                      [2, 3],
                    ],
              )
            }),
          ),
      ),
      { numRuns: 60 },
    ))

  it("fails with the refusals of all its deciders, and takes no two steps over one projection", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* shop
        const ask = ledger.transactAll([install("front"), pay("p")], by("r"))
        expectTypeOf<Effect.Error<typeof ask>>().toEqualTypeOf<Refused | InvalidFact | AppendError>()
        const twice = yield* Effect.flip(ledger.transactAll([pay("a"), pay("b")], by("r")))
        expect(twice).toMatchObject({
          _tag: "InvalidAppend",
          message: expect.stringContaining("a projection of its own"),
        })
        expect(yield* Stream.runCollect(ledger.read())).toEqual([])
      }),
    ))
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
