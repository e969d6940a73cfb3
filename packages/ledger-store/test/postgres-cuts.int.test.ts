import { makePostgresStoreOver, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Exit, Fiber, Redacted, Scope, Stream } from "effect"
import { describe, expect } from "vitest"
import { makeFrozenNetwork } from "./support/frozenNetwork.ts"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const { freshSchema, open, promise, server, sql } = usePostgres()

describe("a server that goes away", () => {
  promise("and comes back is not noticed by who appends, reads and follows", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledgers = [yield* Effect.flatMap(open(schema), ledgerOver), yield* Effect.flatMap(open(schema), ledgerOver)]
      const total = 240
      const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(ledgers[0]!.tail(), total)), {
        startImmediately: true,
      })
      const restarts = Effect.gen(function* () {
        for (const how of ["fast", "immediate"] as const) {
          yield* Effect.promise(() => server().stop(how))
          yield* Effect.sleep(150)
          yield* Effect.promise(() => server().start())
          yield* Effect.sleep(300)
        }
      })
      const appends = Effect.forEach(
        Array.from({ length: total }, (_, n) => n),
        (n) => Effect.andThen(write(ledgers[n % 2]!, `job-${n % 5}`, `n${n}`), Effect.sleep(n % 10 === 0 ? 20 : 0)),
        { concurrency: 4 },
      )
      yield* Effect.all([appends, restarts], { concurrency: 2 })
      const texts = Array.from({ length: total }, (_, n) => `n${n}`).toSorted()
      const read = yield* collect(ledgers[1]!.read())
      expect(read.map(textOf).toSorted()).toEqual(texts)
      expect((yield* Fiber.join(following)).map(textOf)).toEqual(read.map(textOf))
    }),
  )
  promise("for a follower alone, is listened to again, and what was appended meanwhile is told at once", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      // No poll comes to its help.
      const store = yield* open(schema, { poll_ms: 600_000 })
      const other = yield* Effect.flatMap(open(schema), ledgerOver)
      const count = 9
      const following = yield* Effect.forkChild(
        Stream.runCollect(Stream.take((yield* ledgerOver(store)).tail(), count)),
        { startImmediately: true },
      )
      for (let n = 0; n < count; n++) {
        yield* Effect.scoped(
          sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%ledger%'"),
        )
        // Now before it listens again, now after.
        if (n % 2 === 1) yield* Effect.sleep(150)
        yield* write(other, "a", `n${n}`)
      }
      expect((yield* Fiber.join(following)).length).toBe(count)
    }),
  )
  promise("while a scope closes is not noticed by what is done at its end", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const scope = yield* Scope.make()
      const ledger = yield* Scope.provide(Effect.flatMap(open(schema), ledgerOver), scope)
      yield* write(ledger, "a", "before")
      const told: Array<string> = []
      // Of all that was begun in the scope this is the last, and so the first to be done when it closes.
      const atTheEnd = Effect.gen(function* () {
        yield* Effect.promise(() => server().stop("fast"))
        yield* Effect.promise(() => server().start())
        yield* write(ledger, "a", "at the end")
        told.push(...(yield* collect(ledger.read())).map(textOf))
      })
      yield* Scope.addFinalizer(scope, Effect.orDie(atTheEnd))
      yield* Scope.close(scope, Exit.void)
      expect(told).toEqual(["before", "at the end"])
    }),
  )
  promise("for longer than the patience is told, and afterwards all goes on by itself", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema, { patience_ms: 50 }), ledgerOver)
      yield* write(ledger, "a", "one")
      yield* Effect.promise(() => server().stop("fast"))
      expect((yield* Effect.flip(write(ledger, "a", "two")))._tag).toBe("StoreUnavailable")
      expect((yield* Effect.flip(collect(ledger.read())))._tag).toBe("StoreUnavailable")
      expect((yield* Effect.flip(open(schema)))._tag).toBe("StoreUnavailable")
      yield* Effect.promise(() => server().start())
      yield* write(ledger, "a", "two")
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one", "two"])
    }),
  )
  promise("without a word, as behind a cut line, is told after a while, and afterwards all goes on by itself", () =>
    Effect.gen(function* () {
      const network = yield* Effect.acquireRelease(
        Effect.promise(() => makeFrozenNetwork(server().port)),
        ({ close }) => Effect.sync(close),
      )
      const url = Redacted.make(server().url.replace(`:${server().port}/`, `:${network.port}/`))
      const database = makeSqlPgDatabase({ url, lock_wait_ms: 200, connect_wait_ms: 300, answer_wait_ms: 200 })
      const store = yield* makePostgresStoreOver(database, { schema: freshSchema(), patience_ms: 300, poll_ms: 20 })
      const ledger = yield* ledgerOver(store)
      const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(ledger.tail(), 2)), {
        startImmediately: true,
      })
      yield* write(ledger, "a", "one")
      yield* Effect.sync(network.freeze)
      expect((yield* Effect.flip(write(ledger, "a", "never")))._tag).toBe("StoreUnavailable")
      expect((yield* Effect.flip(collect(ledger.read())))._tag).toBe("StoreUnavailable")
      yield* Effect.sync(network.thaw)
      yield* write(ledger, "a", "two")
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one", "two"])
      // Who follows is told too, and follows again from where it was.
      expect((yield* Effect.exit(Fiber.join(following)))._tag).toBe("Failure")
      expect((yield* Stream.runCollect(Stream.take(ledger.tail({ after: 1 }), 1))).map(textOf)).toEqual(["two"])
    }),
  )
  promise("for single connections, again and again, costs nothing either", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      const cutting = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.scoped(
              sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'waybill' AND pid <> pg_backend_pid()",
              ),
            ).pipe(Effect.ignore),
            Effect.sleep(15),
          ),
        ),
      )
      for (let n = 0; n < 60; n++) yield* write(ledger, "a", `n${n}`, `m${n}`)
      yield* Fiber.interrupt(cutting)
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(
        Array.from({ length: 60 }, (_, n) => [`n${n}`, `m${n}`]).flat(),
      )
    }),
  )
})
