/** Who keeps the right to append keeps it from nobody for long. */
import { makePostgresStoreOver, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Fiber, Redacted } from "effect"
import { expect } from "vitest"
import { commits_max } from "../src/postgres/Hold.ts"
import { makeStatements } from "../src/postgres/statements.ts"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const { freshSchema, open, promise, server, sql } = usePostgres()

const database = () =>
  makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 20_000, connect_wait_ms: 5_000 })

promise("who waits is let in after so many commits of a process that appends without end", () =>
  Effect.gen(function* () {
    const schema = freshSchema()
    const [busy, other] = [
      yield* Effect.flatMap(open(schema), ledgerOver),
      yield* Effect.flatMap(open(schema), ledgerOver),
    ]
    // They meet.
    for (const ledger of [busy, other, busy, other]) yield* write(ledger, "both", "met")
    const appending = yield* Effect.forkChild(Effect.forever(write(busy, "busy", "more")))
    const isWaiting = Effect.map(
      Effect.scoped(
        sql(
          "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)::int AS n, (SELECT position FROM " +
            `${schema}.head)::int AS head`,
        ),
      ),
      ([row]) => (Number(row?.["n"]) > 0 ? Number(row?.["head"]) : undefined),
    )
    for (let met = 0, tries = 0; met < 3 && tries < 200; tries++) {
      const writing = yield* Effect.forkChild(write(other, "other", "late"), { startImmediately: true })
      // Where it was let in before anybody looked, there is nothing to see.
      const head = yield* isWaiting
      const [event] = yield* Fiber.join(writing)
      if (head === undefined) continue
      met++
      expect(Number(event?.position) - head).toBeLessThanOrEqual(commits_max + 1)
    }
    yield* Fiber.interrupt(appending)
  }),
)

promise("a process that stops while it keeps the right loses it, and others go on", () =>
  Effect.gen(function* () {
    const schema = freshSchema()
    const store = yield* makePostgresStoreOver(database(), { schema })
    const ledger = yield* ledgerOver(store)
    yield* write(ledger, "a", "one")
    const stopped = yield* database().connect
    yield* stopped.run([makeStatements(schema).takeHold])
    expect((yield* store.health).lock_holder).toMatch(/^waybill on /u)
    // Knows of no turn before, in which nobody else was met, and so asks for the lock.
    yield* write(ledger, "a", "two")
    expect((yield* Effect.flip(stopped.run([{ text: "SELECT 1" }]))).failure).toBe("cut")
    expect((yield* store.health).lock_holder).toBeUndefined()
    expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one", "two"])
  }),
)
