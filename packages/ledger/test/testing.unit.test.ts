/** Facts for tests of carriers, without a store. */
import { isRecordedFact, type RecordedEvent, type RecordedFact, Vocabulary } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { recordedEvents, recordedFact } from "@waybill/ledger/testing"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, expectTypeOf, it } from "vitest"
import { Door } from "./support/door.ts"
import { open, run } from "./support/ledgers.ts"

const facts = [
  Door.facts.installed.makeOrThrow("front", { serial: "s1" }),
  Door.facts.opened.makeOrThrow("front", { by: "ada" }),
  Door.facts.closed.makeOrThrow("back", {}),
]
const first_ms = Date.parse("2030-02-03T04:05:06.700Z")

it("the events are those of a ledger that the facts were appended to one by one, a second apart", () =>
  run(
    Effect.gen(function* () {
      const ledger = yield* open(yield* makeMemoryStore())
      yield* TestClock.setTime(first_ms)
      for (const fact of facts) {
        yield* ledger.append([fact], { actor: "ada", requestId: "r1" })
        yield* TestClock.adjust("1 second")
      }
      const events: ReadonlyArray<RecordedEvent> = yield* Stream.runCollect(ledger.read())
      expect(recordedEvents(facts, { actor: "ada", requestId: "r1", at_ms: first_ms })).toEqual(events)
      expect(
        recordedEvents(facts.slice(1), { actor: "ada", requestId: "r1", at_ms: first_ms + 1000, after: 1 }),
      ).toEqual(events.slice(1))
    }).pipe(Effect.provide(TestClock.layer())),
  ))

it("what no constructor would make is recorded as it is", () => {
  const [event] = recordedEvents([{ event_type: "door.opened", job_id: " ", payload: { by: 5 } }])
  expect(event).toEqual({
    position: 1,
    schema_version: 1,
    event_id: "evt_door.opened_ _000001",
    request_id: "req_test",
    job_id: " ",
    event_type: "door.opened",
    occurred_at: "2026-01-01T00:00:00Z",
    actor: "tester",
    payload: { by: 5 },
  })
})

it("one fact comes back as helpers take it, of its own type", () => {
  const [, opened = Door.facts.opened.makeOrThrow("front", { by: "bob" })] = facts
  const recorded = recordedFact(Door, opened, { after: 6 })
  expect(isRecordedFact(recorded)).toBe(true)
  expect(recorded).toMatchObject({ position: 7, event_id: "evt_door.opened_front_000007", payload: { by: "ada" } })
  expectTypeOf(recordedFact(Door, Door.facts.closed.makeOrThrow("front", {}))).toExtend<RecordedFact<"door.closed">>()
})

it("a reader that does not know the type cannot make it a recorded fact", () => {
  const other = Vocabulary.reader(Vocabulary.make("door", { painted: { payload: Door.facts.closed.payload } }))
  expect(() => recordedFact(other, Door.facts.closed.makeOrThrow("front", {}))).toThrow(
    new TypeError("the reader of door does not read door.closed"),
  )
})
