/** Many callers at once, against a model that knows one caller at a time. */
import { type AppendError, Decider, foldAll, Ledger, Projection } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Data, Effect, Exit, Result, Schema, Stream } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { Door, type DoorFact } from "./support/door.ts"

class Refused extends Data.TaggedError("Refused")<{ readonly after: number }> {}

/** How often each door was opened; sensitive to every lost or repeated fact. */
const Count = Projection.make<number, DoorFact>({
  name: "count",
  version: 1,
  reader: Door,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (times = 0) => times + 1,
})

interface Command {
  readonly door: string
  readonly facts: number
  /** Refuse once the door has been opened so often. */
  readonly limit: number
}
const decider = Decider.make({
  name: "count",
  projection: Count,
  decide: (state, { door, facts, limit }: Command) => {
    const times = state.get(door) ?? 0
    if (times >= limit) return Result.fail(new Refused({ after: times }))
    return Result.succeed(
      Array.from({ length: facts }, () => Door.facts.opened.makeOrThrow(door, { by: `after-${times}` })),
    )
  },
})

const command = fc.record({
  door: fc.constantFrom("a", "b"),
  facts: fc.integer({ min: 0, max: 3 }),
  limit: fc.integer({ min: 1, max: 9 }),
})
const caller = fc.record({ command, ledger: fc.nat(1), pauses: fc.nat(5), givesUp: fc.boolean() })

it("decisions are as if made one after the other, in the order of positions, and no update is lost", () =>
  fc.assert(
    fc.asyncProperty(fc.array(caller, { maxLength: 20 }), async (callers) => {
      const program = Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const slow = {
          ...store,
          commit: <A, E>(body: Parameters<typeof store.commit<A, E>>[0]) =>
            store.commit<A, E>((session) =>
              body({ ...session, append: (batches) => Effect.andThen(Effect.yieldNow, session.append(batches)) }),
            ),
        }
        const ledgers = [yield* Ledger.make(slow, [Door]), yield* Ledger.make(slow, [Door])] as const
        const ask = ({ command, ledger, pauses, givesUp }: (typeof callers)[number], i: number) => {
          const asked = ledgers[ledger === 0 ? 0 : 1].transact(decider, command, { actor: "t", requestId: `r${i}` })
          const waited = Effect.andThen(Effect.repeat(Effect.yieldNow, { times: pauses }), asked)
          const impatient = Effect.raceFirst(
            waited,
            Effect.as(Effect.repeat(Effect.yieldNow, { times: pauses + 3 }), "gave up" as const),
          )
          return Effect.exit(givesUp ? impatient : waited)
        }
        const exits = yield* Effect.forEach(callers, ask, { concurrency: "unbounded" })
        // Groups that were begun go on without their callers; a last commit waits for them.
        for (const ledger of ledgers)
          yield* Effect.exit(
            ledger.transact(decider, { door: "z", facts: 0, limit: 9 }, { actor: "t", requestId: "last" }),
          )
        return { exits, events: yield* Stream.runCollect(ledgers[0].read()) }
      })
      const { exits, events } = await Effect.runPromise(Effect.scoped(program))
      const idsOf = (i: number) =>
        events.filter(({ request_id }) => request_id === `r${i}`).map(({ event_id }) => event_id)

      expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1))
      for (const [i, exit] of exits.entries()) {
        const { command } = callers[i] ?? { command: { door: "", facts: 0, limit: 0 } }
        const recorded = idsOf(i)
        if (Exit.isSuccess(exit) && exit.value !== "gave up")
          expect(exit.value.map(({ event_id }) => event_id)).toEqual(recorded)
        else if (Exit.isSuccess(exit)) expect([0, command.facts]).toContain(recorded.length)
        else {
          expect(recorded).toEqual([])
          // A refusal rests on a state that was durable at some time.
          const refusal: Refused | AppendError = Result.getOrThrow(
            Exit.findError(exit) as Result.Result<Refused | AppendError, unknown>,
          )
          expect(refusal._tag).toBe("Refused")
        }
        if (recorded.length === 0) continue
        // All of a batch, side by side, decided on exactly what was before it.
        const at = events.findIndex(({ event_id }) => event_id === recorded[0])
        const batch = events.slice(at, at + command.facts)
        const before = foldAll(Count, events.slice(0, at)).get(command.door) ?? 0
        expect(batch.map(({ event_id }) => event_id)).toEqual(recorded)
        expect(before).toBeLessThan(command.limit)
        expect(batch.every(({ payload }) => payload["by"] === `after-${before}`)).toBe(true)
      }
    }),
    { numRuns: 2000 },
  ))
