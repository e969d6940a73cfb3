import { makePostgresStoreOver, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Deferred, Effect, Redacted } from "effect"
import { expect } from "vitest"
import { makeFrozenNetwork } from "./support/frozenNetwork.ts"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const { freshSchema, open, promise, server } = usePostgres()

promise("a process whose network is gone while it holds the head gives it back by itself, and others go on", () =>
  Effect.gen(function* () {
    const schema = freshSchema()
    const network = yield* Effect.acquireRelease(
      Effect.promise(() => makeFrozenNetwork(server().port)),
      ({ close }) => Effect.sync(close),
    )
    const url = Redacted.make(server().url.replace(`:${server().port}/`, `:${network.port}/`))
    const gone = yield* makePostgresStoreOver(makeSqlPgDatabase({ url, lock_wait_ms: 5_000, connect_wait_ms: 5_000 }), {
      schema,
    })
    const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
    const isHeld = yield* Deferred.make<void>()
    yield* Effect.forkChild(gone.commit(() => Effect.andThen(Deferred.succeed(isHeld, undefined), Effect.never)))
    yield* Deferred.await(isHeld)
    yield* Effect.sync(network.freeze)
    // Within the time that an append waits for the lock.
    yield* write(ledger, "a", "one")
    expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one"])
    yield* Effect.sync(network.thaw)
  }),
)
