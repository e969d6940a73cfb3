/** How long a process keeps the right to append from others, over a connection that does nothing. */
import { DatabaseError, type Connection } from "@waybill/ledger-store/postgres"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { commits_max, makeHold } from "../src/postgres/Hold.ts"
import { makeStatements } from "../src/postgres/statements.ts"

const statements = makeStatements("kept")
const promise = (name: string, effect: () => Effect.Effect<void, unknown, never>) =>
  it(name, () => Effect.runPromise(Effect.suspend(effect)))

/** A hold that has begun, what is sent for it, and how often its connection was closed. */
const begun = (outcome: Effect.Effect<void, DatabaseError> = Effect.void) =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    let dropped = 0
    const connection: Pick<Connection, "run"> = {
      run: (asked) => {
        sent.push(...asked.map(({ text }) => text))
        return Effect.as(outcome, [])
      },
    }
    const hold = yield* makeHold(statements, () => Effect.sync(() => void dropped++))
    expect(hold.take).toEqual([statements.takeHold])
    yield* hold.begin(connection as Connection)
    return { hold, sent, dropped: () => dropped }
  })

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.provide(Effect.scoped(effect), TestClock.layer())

/** Lets everything go on that only waits for the event loop to turn. */
const idle = Effect.promise(async () => {
  for (let turns = 0; turns < 500; turns++) await new Promise((resolve) => setImmediate(resolve))
})

describe("a process that has met others", () => {
  promise("keeps the right for so many commits and gives it back with the last of them", () =>
    scoped(
      Effect.gen(function* () {
        const { hold, sent } = yield* begun()
        for (let commit = 1; commit < commits_max; commit++) {
          expect(yield* hold.giveWith(false)).toEqual([])
          expect([hold.isHeld, hold.take]).toEqual([true, []])
        }
        expect(yield* hold.giveWith(false)).toEqual([statements.giveHold])
        expect([hold.isHeld, hold.take]).toEqual([false, [statements.takeHold]])
        yield* hold.rest
        yield* idle
        expect(sent).toEqual([])
      }),
    ),
  )
  promise("gives it back with the next commit when it has had it for long", () =>
    scoped(
      Effect.gen(function* () {
        const { hold } = yield* begun()
        expect(yield* hold.giveWith(false)).toEqual([])
        yield* TestClock.adjust("1 second")
        expect(yield* hold.giveWith(false)).toEqual([statements.giveHold])
      }),
    ),
  )
  promise("gives it back by itself when nothing more is asked, and once", () =>
    scoped(
      Effect.gen(function* () {
        const { hold, sent } = yield* begun()
        expect(yield* hold.giveWith(false)).toEqual([])
        yield* hold.rest
        yield* hold.rest
        yield* idle
        expect(sent).toEqual([statements.giveHold.text])
        expect(hold.isHeld).toBe(false)
      }),
    ),
  )
  promise("keeps it while what is asked is under way, however long that takes", () =>
    scoped(
      Effect.gen(function* () {
        const { hold, sent } = yield* begun()
        expect(yield* hold.giveWith(false)).toEqual([])
        yield* hold.rest
        // Asked at the same moment, as by a writer that was just answered.
        hold.touch()
        yield* idle
        expect(sent).toEqual([])
        expect(hold.isHeld).toBe(true)
      }),
    ),
  )
  promise("closes the connection where giving it back fails, since others would wait for it", () =>
    scoped(
      Effect.gen(function* () {
        const refused = new DatabaseError({ failure: "other", reason: "refused" })
        const { dropped, hold } = yield* begun(Effect.fail(refused))
        yield* hold.rest
        yield* idle
        expect(dropped()).toBe(1)
      }),
    ),
  )
})

promise("a process that has met nobody keeps it from nobody", () =>
  scoped(
    Effect.gen(function* () {
      const { hold } = yield* begun()
      expect(yield* hold.giveWith(true)).toEqual([statements.giveHold])
      expect(hold.isHeld).toBe(false)
    }),
  ),
)
