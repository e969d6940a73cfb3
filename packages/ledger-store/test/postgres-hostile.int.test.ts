/** Databases that are not as one expects them: each is either of no matter, or refused with what is wrong. */
import { makePostgresStore, makeSqlPgDatabase, type PostgresStoreSettings } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { describe, expect } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const { freshSchema, open, promise, server, sql } = usePostgres()

const openAs = (user: string, schema: string, settings: PostgresStoreSettings = {}, query = "") =>
  makePostgresStore({
    url: Redacted.make(`postgresql://${user}:pass-word@127.0.0.1:${server().port}/postgres${query}`),
    schema,
    ...settings,
  })

describe("defaults of the server, the database or the role do not matter:", () => {
  const defaults: ReadonlyArray<readonly [name: string, user: string, set: ReadonlyArray<string>]> = [
    ["serializable transactions", "strict", ["default_transaction_isolation = serializable"]],
    ["repeatable reads", "repeating", ["default_transaction_isolation = 'repeatable read'"]],
    ["transactions that only read", "reading", ["default_transaction_read_only = on"]],
    ["another search path", "searching", ["search_path = 'nowhere'"]],
    [
      "plans that are compiled and never kept",
      "planning",
      ["jit_above_cost = 0", "plan_cache_mode = force_custom_plan"],
    ],
  ]
  for (const [name, user, set] of defaults)
    promise(name, () =>
      Effect.gen(function* () {
        const schema = freshSchema()
        yield* Effect.scoped(open(schema))
        yield* sql(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD 'pass-word'`)
        for (const setting of set) yield* sql(`ALTER ROLE ${user} SET ${setting}`)
        const stores = [yield* openAs(user, schema, { poll_ms: 20 }), yield* openAs(user, schema, { poll_ms: 20 })]
        const [one, two] = [yield* ledgerOver(stores[0]!), yield* ledgerOver(stores[1]!)]
        const texts = Array.from({ length: 12 }, (_, n) => `n${n}`)
        yield* Effect.forEach(texts, (text, n) => write(n % 2 === 0 ? one : two, `job-${n % 3}`, text), {
          concurrency: 4,
        })
        for (const text of ["late", "later", "last"]) yield* write(one, "mine", text)
        const found = (yield* collect(two.read())).map(textOf)
        expect(found.toSorted()).toEqual([...texts, "late", "later", "last"].toSorted())
      }),
    )
  promise("times after which statements and idle connections are cut", () =>
    Effect.gen(function* () {
      yield* sql("CREATE ROLE hurried LOGIN PASSWORD 'pass-word'")
      const limits = [
        "statement_timeout",
        "idle_session_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
      ]
      for (const limit of limits) yield* sql(`ALTER ROLE hurried SET ${limit} = '7min'`)
      const connection = yield* makeSqlPgDatabase({
        url: Redacted.make(`postgresql://hurried:pass-word@127.0.0.1:${server().port}/postgres`),
        lock_wait_ms: 5_000,
        connect_wait_ms: 5_000,
      }).connect
      const shown = yield* connection.run(limits.map((limit) => ({ text: `SHOW ${limit}` })))
      expect(shown.map(([row]) => Object.values(row ?? {})[0])).toEqual(["0", "0", "5s", "15s"])
    }),
  )
  promise("what the address asks for", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* sql("CREATE ROLE asking LOGIN SUPERUSER PASSWORD 'pass-word'")
      const options = encodeURIComponent("-c search_path=nowhere -c default_transaction_isolation=serializable")
      const ledger = yield* ledgerOver(
        yield* openAs(
          "asking",
          schema,
          {},
          `?sslmode=prefer&connect_timeout=3&application_name=mine&options=${options}`,
        ),
      )
      yield* write(ledger, "a", "one")
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one"])
    }),
  )
})

describe("refused with what is wrong:", () => {
  const refused = (store: ReturnType<typeof open>, reason: RegExp) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(store)
      expect([error._tag, error.message]).toEqual(["StoreRefused", expect.stringMatching(reason)])
    })
  promise("a role that may not make the schema, and one that may not look into it", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* sql("CREATE ROLE nobody_special LOGIN PASSWORD 'pass-word'")
      yield* refused(openAs("nobody_special", schema), /permission denied for database/u)
      yield* Effect.scoped(open(schema))
      yield* refused(openAs("nobody_special", schema), /permission denied for schema/u)
    }),
  )
  promise("a role that may not log in", () =>
    Effect.gen(function* () {
      yield* sql("CREATE ROLE shut_out PASSWORD 'pass-word'")
      yield* refused(openAs("shut_out", freshSchema()), /not permitted to log in/u)
    }),
  )
  promise("a server that does not encrypt, where that was asked for", () =>
    Effect.gen(function* () {
      const url = Redacted.make(`${server().url}?sslmode=require&channel_binding=require`)
      yield* refused(
        makePostgresStore({ url }),
        /the server does not encrypt, and the URL asks for it; switch TLS on there, or .* sslmode=disable/u,
      )
    }),
  )
  promise("a schema that holds somebody else's tables, and one whose version was lost", () =>
    Effect.gen(function* () {
      const [theirs, lost] = [freshSchema(), freshSchema()]
      yield* sql(`CREATE SCHEMA ${theirs}`)
      yield* sql(`CREATE TABLE ${theirs}.facts (id int)`)
      yield* refused(open(theirs), /"facts" already exists/u)
      expect(yield* sql(`SELECT relname FROM pg_class WHERE relnamespace = '${theirs}'::regnamespace`)).toEqual([
        { relname: "facts" },
      ])
      yield* Effect.scoped(open(lost))
      yield* sql(`DELETE FROM ${lost}.waybill_schema`)
      yield* refused(open(lost), /already exists/u)
    }),
  )
  promise("a database that cannot hold every text", () =>
    Effect.gen(function* () {
      yield* sql("CREATE DATABASE narrow ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
      const url = Redacted.make(server().url.replace(/postgres$/u, "narrow"))
      yield* refused(makePostgresStore({ url }), /encoded in LATIN1.*UTF8/u)
    }),
  )
  promise("a ledger whose head is gone, or whose tables are, is not taken for an empty one", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const store = yield* open(schema)
      const ledger = yield* ledgerOver(store)
      for (const text of ["one", "two", "three"]) yield* write(ledger, "a", text)
      yield* sql(`DELETE FROM ${schema}.head`)
      const asked = (reason: RegExp) =>
        Effect.forEach(
          [Effect.asVoid(write(ledger, "a", "x")), Effect.asVoid(collect(ledger.read())), Effect.asVoid(store.health)],
          (effect) =>
            Effect.map(Effect.flip(effect), (error) =>
              expect([error._tag, error.message]).toEqual(["StoreRefused", expect.stringMatching(reason)]),
            ),
        )
      yield* asked(/no head; put it back/u)
      yield* sql(`DROP TABLE ${schema}.head`)
      yield* asked(/does not exist/u)
    }),
  )
  for (const [what, head] of [
    ["before the last record", 1],
    ["behind it", 9],
  ] as const)
    promise(`a head that somebody has set ${what}`, () =>
      Effect.gen(function* () {
        const schema = freshSchema()
        const before = yield* ledgerOver(yield* open(schema))
        for (const text of ["one", "two", "three"]) yield* write(before, "a", text)
        yield* sql(`UPDATE ${schema}.head SET position = ${head}`)
        const reason = new RegExp(`the head says ${head}, but the last record stands at 3: nothing is recorded`, "u")
        for (const ledger of [before, yield* ledgerOver(yield* open(schema))])
          for (let times = 0; times < 2; times++) {
            const error = yield* Effect.flip(write(ledger, "a", "x"))
            expect([error._tag, error.message]).toEqual(["StoreRefused", expect.stringMatching(reason)])
          }
        yield* sql(`UPDATE ${schema}.head SET position = 3`)
        const [event] = yield* write(before, "a", "four")
        expect(event?.position).toBe(4)
        expect((yield* collect(before.read())).map(textOf)).toEqual(["one", "two", "three", "four"])
      }),
    )
})
