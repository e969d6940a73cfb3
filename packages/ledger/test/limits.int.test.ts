/** What no ledger takes, and in which words; and how much a fact, a batch and a group may hold. */
import {
  type AppendError,
  Decider,
  encodeLine,
  type Fact,
  Ledger,
  line_bytes_max,
  type Store,
  StoreFull,
  Vocabulary,
} from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Clock, Effect, Exit, Fiber, Result, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Doors } from "./support/door.ts"
import { all, by, closed, fresh, installed, open, openedBy, run, settle } from "./support/ledgers.ts"
import { makeGatedStore } from "./support/stores.ts"

const { facts: windows } = Vocabulary.make("window", { opened: { payload: Schema.Struct({}) } })
const fact = openedBy("front")
const many = (count: number) => Array.from({ length: count }, () => fact)

/** Decides on whatever it is told. */
const obeying = Decider.make({
  name: "obeying",
  projection: Doors,
  decide: (_, facts: ReadonlyArray<Fact<string, unknown>>) => Result.succeed(facts),
})

describe("refused in words, and nothing is recorded", () => {
  it.each<
    readonly [string, ReadonlyArray<Fact<string, unknown>>, { readonly actor: string; readonly requestId: string }]
  >([
    ["only facts made by a vocabulary's constructor can be appended", [fact, { ...fact } as typeof fact], by("r")],
    ["a batch holds at most 1000 facts, not 1001", many(1001), by("r")],
    ["actor is required", [fact], { actor: "", requestId: "r" }],
    ["actor is required", [fact], { actor: " \t", requestId: "r" }],
    ["actor contains a lone surrogate", [fact], { actor: "a\ud800", requestId: "r" }],
    ["request_id is required", [fact], { actor: "ada", requestId: "" }],
    ["request_id must not contain whitespace", [fact], { actor: "ada", requestId: "a b" }],
    ["request_id contains a lone surrogate", [fact], { actor: "ada", requestId: "\udfff" }],
    ["window.opened: its vocabulary is not one of this ledger's", [fact, windows.opened.makeOrThrow("w", {})], by("r")],
    ["actor must be a text, not number", [fact], JSON.parse('{"actor":5,"requestId":"r"}')],
    ["actor must be a text, not undefined", [fact], JSON.parse('{"requestId":"r"}')],
    ["request_id must be a text, not number", [fact], JSON.parse('{"actor":"ada","requestId":7}')],
    ["request_id must be a text, not null", [fact], JSON.parse('{"actor":"ada","requestId":null}')],
    ["the origin must be { actor, requestId }, not null", [fact], JSON.parse("null")],
  ])("%s", (reason, facts, origin) =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const refusals = [
          yield* Effect.flip(ledger.append(facts, origin)),
          yield* Effect.flip(ledger.transact(obeying, facts, origin)),
        ]
        expect(refusals.map(({ _tag, message }) => [_tag, message])).toEqual([
          ["InvalidAppend", reason],
          ["InvalidAppend", reason],
        ])
        expect(yield* all(ledger.read())).toEqual([])
        expect(yield* ledger.query(Doors, (doors) => doors.size)).toBe(0)
      }),
    ),
  )
  class Job {
    front = 0
  }
  it.each<readonly [string, unknown]>([
    ["a map", new Map([["front", 0]])],
    ["a list", [0]],
    ["a date", new Date(0)],
    ["an instance of a class", new Job()],
    ["what is inherited", Object.create({ front: 9 })],
    ["a text", "front"],
    ["nothing", null],
  ])("conditions that are %s would guard against nothing", (_, odd) =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const refused = yield* Effect.flip(
          ledger.append([fact], Object.assign(JSON.parse("{}"), by("r"), { expected: odd })),
        )
        expect([refused._tag, refused.message]).toEqual([
          "InvalidAppend",
          "expected must be a plain object from job ids to positions, no map, no list and no instance of a class",
        ])
        expect(yield* all(ledger.read())).toEqual([])
      }),
    ),
  )
  it("an append without a request id, or of what is no list, is refused in words", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const [nobodys, text] = [JSON.parse('{"actor":"ada"}'), JSON.parse('"facts"')]
        expect((yield* Effect.flip(ledger.append([fact], nobodys))).message).toBe(
          "request_id must be a text, not undefined",
        )
        expect((yield* Effect.flip(ledger.append(text, by("r")))).message).toBe("facts must be a list of facts")
        expect(yield* all(ledger.read())).toEqual([])
      }),
    ))
  it.each([-1e15, 253_402_300_800_000, Number.NaN])(
    "a clock that says %s ms dates no fact, and does no harm",
    (now) => {
      let said = now
      return run(
        Effect.gen(function* () {
          const clock = yield* Clock.Clock
          const wrong = { ...clock, currentTimeMillis: Effect.sync(() => said), currentTimeMillisUnsafe: () => said }
          const program = Effect.gen(function* () {
            const ledger = yield* fresh
            const refusals = [
              yield* Effect.flip(ledger.append([fact], by("r"))),
              yield* Effect.flip(ledger.transact(obeying, [fact], by("r"))),
            ]
            for (const { _tag, message } of refusals) {
              expect(_tag).toBe("InvalidAppend")
              expect(message).toMatch(
                /^the clock says \S+ ms, which is not in the years 0 to 9999: nothing is recorded/u,
              )
            }
            said = 0
            expect(yield* ledger.append([fact], by("r"))).toHaveLength(1)
          })
          yield* Effect.provideService(program, Clock.Clock, wrong)
        }),
      )
    },
  )
  it("an empty append is a mistake, an empty decision is not", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        expect((yield* Effect.flip(ledger.append([], by("r")))).message).toBe("an append needs at least one fact")
        expect(yield* ledger.transact(obeying, [], by("r"))).toEqual([])
      }),
    ))
  it("a unique key that a decision takes twice, or that is taken: the holder is named", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const put = (door: string, serial: string) => installed.makeOrThrow(door, { serial })
        const because = (facts: ReadonlyArray<Fact<string, unknown>>) =>
          Effect.map(
            Effect.flip(ledger.transact(obeying, facts, by("r"))),
            (error) => error._tag === "Conflict" && [error.job_id, error.because],
          )
        const key = { kind: "unique_key", event_type: "door.installed", value: "s1" }
        expect(yield* because([put("a", "s1"), put("b", "s1")])).toEqual([
          "b",
          { ...key, held_by: "another fact of the same batch" },
        ])
        expect(yield* ledger.transact(obeying, [put("a", "s1"), put("b", "s2")], by("r"))).toHaveLength(2)
        expect(yield* because([put("c", "s3"), put("d", "s1")])).toEqual([
          "d",
          { ...key, held_by: "evt_door.installed_a_000001" },
        ])
        expect(yield* all(ledger.read())).toEqual([1, 2])
      }),
    ))
  it("a store that hands back what nobody wrote is a defect, named by the fact's type", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const Other = Vocabulary.make("door", { opened: { payload: Schema.Struct({ by: Schema.Finite }) } })
        const odd = { ...Vocabulary.reader(Other), event_types: ["door.opened"] }
        const ledger = yield* Ledger.make(store, [odd])
        const exit = yield* Effect.exit(ledger.append([fact], by("r")))
        expect(Exit.isFailure(exit) && String(exit.cause)).toContain(
          "door.opened was recorded but its vocabulary does not read it",
        )
      }),
    ))
})

describe("limits", () => {
  it("a thousand facts are one batch", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        expect(yield* ledger.append(many(1000), by("r"))).toHaveLength(1000)
        expect((yield* Stream.runCollect(ledger.read({ after: 999 })))[0]?.batch).toEqual([999, 1000])
      }),
    ))
  it("a line is as long as replay takes, its newline counted, and not a byte longer", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const [probe] = yield* ledger.append([openedBy("d", "x")], by("r"))
        const rest = encodeLine({ ...probe, payload: { by: "" } }).length + 1
        // Two bytes per character: what counts is bytes.
        const longest = "é".repeat(Math.floor((line_bytes_max - rest) / 2)) + "x".repeat((line_bytes_max - rest) % 2)
        const [recorded] = yield* ledger.append([openedBy("d", longest)], by("r"))
        expect(recorded.payload.by.length).toBe(longest.length)
        const refused = yield* Effect.flip(ledger.append([openedBy("d", `${longest}x`)], by("r")))
        expect(refused).toMatchObject({
          _tag: "FactTooLarge",
          event_type: "door.opened",
          job_id: "d",
          bytes: line_bytes_max + 1,
          bytes_max: line_bytes_max,
        })
        expect(yield* all(ledger.read())).toEqual([1, 2])
        // A time is written without trailing zeros: on a clock that moves, two lines would differ by it.
      }).pipe(Effect.provide(TestClock.layer())),
    ))
  it("a batch holds 64 Mi characters, and whoever comes with more is told to append apart", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const [probe] = yield* ledger.append([openedBy("d", "x"), openedBy("d", "x")], by("r"))
        const lineOf = (text: string) => encodeLine({ ...probe, payload: { by: text }, batch: [0, 5] }).length
        const quarter = 16 * 1024 * 1024
        const sized = (characters: number) => openedBy("d", "x".repeat(characters - lineOf("")))
        // Lines end in a newline that a batch does not count, so four of them cannot reach the limit by themselves.
        const four = [sized(quarter - 1), sized(quarter - 1), sized(quarter - 1), sized(quarter - 1)]
        const refused = yield* Effect.flip(ledger.append([...four, sized(1000)], by("r")))
        expect(refused.message).toBe("a batch holds at most 67108864 characters; append its facts apart")
        expect(yield* ledger.append(four, by("r"))).toHaveLength(4)
        // Fixed time, as above: these lines are measured to the byte too.
      }).pipe(Effect.provide(TestClock.layer())),
    ))
})

describe("a group", () => {
  const during = (requests: ReadonlyArray<ReadonlyArray<Fact<string, unknown>>>) =>
    Effect.gen(function* () {
      const gated = yield* makeGatedStore()
      const ledger = yield* open(gated.store)
      const gate = gated.hold()
      const first = yield* Effect.forkChild(ledger.append([fact], by("first")))
      yield* gate.begun
      const waiting = yield* Effect.forEach(requests, (facts) =>
        Effect.forkChild(Effect.exit(ledger.append(facts, by("r")))),
      )
      yield* settle
      yield* gate.release
      yield* Fiber.join(first)
      const exits = yield* Effect.forEach(waiting, Fiber.join)
      return { appends: gated.appends, exits }
    })
  it("takes 1024 requests, and the rest goes with the next", () =>
    run(
      Effect.gen(function* () {
        const { appends, exits } = yield* during(Array.from({ length: 1500 }, () => [fact]))
        expect(exits.every(Exit.isSuccess)).toBe(true)
        expect(appends).toEqual([1, 1024, 476])
      }),
    ))
  it("closes once its lines hold 16 Mi characters", () =>
    run(
      Effect.gen(function* () {
        const half = openedBy("d", "x".repeat(8 * 1024 * 1024))
        const { appends } = yield* during([[half], [half], [fact], [half], [fact]])
        expect(appends).toEqual([1, 2, 3])
      }),
    ))
  it("in which nobody has anything to record costs no append", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        yield* ledger.transact(obeying, [], by("r"))
        yield* Effect.flip(ledger.append([fact], { ...by("r"), expected: { front: 9 } }))
        expect(gated.appends).toEqual([])
      }),
    ))
  it("that the store does not let begin fails whoever waits, and the next one is not spoilt", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        let isFull = true
        const store: Store = {
          ...inner,
          commit: (body) =>
            isFull
              ? Effect.andThen(Effect.yieldNow, Effect.fail(new StoreFull({ where: "memory" })))
              : inner.commit(body),
        }
        const ledger = yield* open(store)
        const failing = yield* Effect.forEach([1, 2, 3], () =>
          Effect.forkChild(Effect.flip(ledger.append([fact], by("r")))),
        )
        expect((yield* Effect.forEach(failing, Fiber.join)).map(({ _tag }: AppendError) => _tag)).toEqual([
          "StoreFull",
          "StoreFull",
          "StoreFull",
        ])
        isFull = false
        yield* ledger.append([fact], by("r"))
        expect(yield* all(ledger.read())).toEqual([1])
      }),
    ))
})

describe("a ledger that is closed", () => {
  const refusal = { _tag: "StoreRefused", where: "memory", reason: "this ledger is closed" }
  it("takes nothing more", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const scope = yield* Scope.make()
        const ledger = yield* Scope.provide(open(store), scope)
        yield* Scope.close(scope, Exit.void)
        expect(yield* Effect.flip(ledger.append([fact], by("r")))).toMatchObject(refusal)
        expect(yield* Effect.flip(ledger.transact(obeying, [fact], by("r")))).toMatchObject(refusal)
      }),
    ))
  it("finishes the group that has begun, and refuses those that wait", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const scope = yield* Scope.make()
        const ledger = yield* Scope.provide(open(gated.store), scope)
        const gate = gated.hold()
        const begun = yield* Effect.forkChild(ledger.append([fact], by("r1")))
        yield* gate.begun
        const waiting = yield* Effect.forkChild(Effect.flip(ledger.append([fact], by("r2"))))
        yield* settle
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        expect(yield* Fiber.join(waiting)).toMatchObject(refusal)
        yield* settle
        expect(closing.pollUnsafe()).toBeUndefined()
        yield* gate.release
        yield* Fiber.join(closing)
        expect(yield* Fiber.join(begun)).toHaveLength(1)
        expect(gated.appends).toEqual([1])
      }),
    ))
})

it("a ledger is a service too", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const ledger = yield* Ledger
      yield* ledger.append([closed.makeOrThrow("front", {})], by("r"))
      expect([ledger.where, yield* all(ledger.read())]).toEqual(["memory", [1]])
      expect(Ledger.key).toBe("@waybill/ledger/Ledger")
    }).pipe(
      Effect.provide(
        Ledger.layer(makeMemoryStore(), [
          Vocabulary.reader(Vocabulary.make("door", { closed: { payload: Schema.Struct({}) } })),
        ]),
      ),
    ),
  ))
