import { encodeLine, eventId, type NewRecord, Projection, type RecordedEvent } from "@waybill/ledger"
import {
  type Database,
  makePostgresStore,
  makePostgresStoreOver,
  makeSqlPgDatabase,
} from "@waybill/ledger-store/postgres"
import { Deferred, Effect, Exit, Fiber, Redacted, Schema, Stream } from "effect"
import { inspect } from "node:util"
import { describe, expect } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, named, Note, origin, textOf, write, written } from "./support/texts.ts"

const { freshSchema, open, promise, server, sql } = usePostgres()

const Counted = Projection.make({
  name: "counted",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

const recordOf = (position: number): NewRecord => {
  const event: RecordedEvent = {
    position,
    schema_version: 1,
    event_id: eventId("note.written", "a", position),
    request_id: "r",
    job_id: "a",
    event_type: "note.written",
    occurred_at: "2026-01-02T03:04:05.678Z",
    actor: "test",
    payload: { text: "sent" },
  }
  return { event, line: encodeLine(event) }
}

describe("the schema", () => {
  promise("is what was released, to the last column, index, constraint and trigger", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* open(schema)
      const [row] = yield* sql(
        `SELECT string_agg(line, E'\\n' ORDER BY line) AS text FROM (
           SELECT format('column %s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
             CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
             coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
           WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0
           UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = $1::regnamespace
           UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
             WHERE connamespace = $1::regnamespace AND contype <> 'n'
           UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = $1::regnamespace
           UNION ALL SELECT format('options %s %s', relname, array_to_string(reloptions, ', ')) FROM pg_class
             WHERE relnamespace = $1::regnamespace AND reloptions IS NOT NULL
           UNION ALL SELECT format('version %s', version) FROM ${schema}.waybill_schema
         ) all_lines (line)`,
        schema,
      )
      const text = String(row?.["text"]).replaceAll(schema, "waybill")
      yield* Effect.promise(() => expect(`${text}\n`).toMatchFileSnapshot("snapshots/postgres-schema-1.txt"))
    }),
  )
  promise("is made once by processes that start at the same time", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const stores = yield* Effect.forEach(Array.from({ length: 8 }), () => open(schema), { concurrency: "unbounded" })
      for (const store of stores) yield* write(yield* ledgerOver(store), "a", "one")
      expect(yield* sql(`SELECT version FROM ${schema}.waybill_schema`)).toEqual([{ version: 1 }])
    }),
  )
  promise("of a newer Waybill is refused and left as it is", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* Effect.scoped(open(schema))
      yield* sql(`INSERT INTO ${schema}.waybill_schema (version) VALUES (2)`)
      const refused = yield* Effect.flip(open(schema))
      expect([refused._tag, refused.message]).toEqual([
        "StoreRefused",
        expect.stringMatching(/has version 2, made by a newer Waybill; this one knows 1\. Upgrade it$/u),
      ])
    }),
  )
  promise("that is up to date is opened by somebody who may only read, and its name must need no quotes", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* write(yield* Effect.flatMap(open(schema), ledgerOver), "a", "one")
      yield* sql("DROP ROLE IF EXISTS reader")
      yield* sql("CREATE ROLE reader LOGIN PASSWORD 'only-reads'")
      yield* sql(`GRANT USAGE ON SCHEMA ${schema} TO reader`)
      yield* sql(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO reader`)
      const url = Redacted.make(`postgresql://reader:only-reads@127.0.0.1:${server().port}/postgres`)
      const ledger = yield* ledgerOver(yield* makePostgresStore({ url, schema }))
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one"])
      const refused = yield* Effect.flip(write(ledger, "a", "two"))
      expect([refused._tag, refused.message]).toEqual(["StoreRefused", expect.stringContaining("permission denied")])
      // And with the rights that the page names, one may append.
      yield* sql(`GRANT INSERT ON ${schema}.facts TO reader`)
      yield* sql(`GRANT UPDATE ON ${schema}.head TO reader`)
      yield* sql(`GRANT INSERT, UPDATE, DELETE ON ${schema}.checkpoints TO reader`)
      yield* write(ledger, "a", "two")
      yield* ledger.saveCheckpoint(Counted)
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one", "two"])
      const bad = yield* Effect.flip(open('x"; DROP SCHEMA public; --'))
      expect([bad._tag, bad.message]).toEqual(["StoreRefused", expect.stringContaining("lower-case letters")])
    }),
  )
  promise("lets nobody change or remove a fact", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* write(yield* Effect.flatMap(open(schema), ledgerOver), "a", "one")
      for (const change of [
        `UPDATE ${schema}.facts SET line = ''`,
        `DELETE FROM ${schema}.facts`,
        `TRUNCATE ${schema}.facts`,
      ])
        expect((yield* Effect.flip(sql(change))).message).toMatch(/never changed or removed/u)
    }),
  )
})

describe("a secret", () => {
  const secrets = ["s3cr3t%2Fword", "s3cr3t/word"]
  const shown = (error: unknown) =>
    [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error)].join("\n")
  const urls: ReadonlyArray<readonly [string, (port: number) => string]> = [
    ["a wrong password", (port) => `postgresql://waybill:s3cr3t%2Fword@127.0.0.1:${port}/postgres`],
    [
      "a wrong password in the query",
      (port) => `postgresql://waybill@127.0.0.1:${port}/postgres?password=s3cr3t%2Fword`,
    ],
    ["an unknown user", (port) => `postgresql://s3cr3t%2Fword:s3cr3t%2Fword@127.0.0.1:${port}/postgres`],
    ["a host that is not there", () => "postgresql://waybill:s3cr3t%2Fword@127.0.0.1:1/postgres"],
    ["a URL that is none", () => "postgresql://waybill:s3cr3t%2Fword@127.0.0.1:notaport/postgres"],
    ["a scheme of another database", (port) => `mysql://waybill:s3cr3t%2Fword@127.0.0.1:${port}/postgres`],
    ["nothing like a URL", () => "s3cr3t/word"],
    ["a password with / as it is", (port) => `postgresql://waybill:12/s3cr3t/word@127.0.0.1:${port}/postgres`],
    ["a password with # as it is", (port) => `postgresql://waybill:12#s3cr3t/word@127.0.0.1:${port}/postgres`],
    ["a password with ? as it is", (port) => `postgresql://waybill:12?s3cr3t/word@127.0.0.1:${port}/postgres`],
    [
      "a parameter that is not understood",
      (port) => `postgresql://waybill:s3cr3t%2Fword@127.0.0.1:${port}/postgres?sslmod=require`,
    ],
    [
      "a server that does not encrypt",
      (port) => `postgresql://waybill:s3cr3t%2Fword@127.0.0.1:${port}/postgres?sslmode=require`,
    ],
    [
      "an ssl mode that there is not",
      (port) => `postgresql://waybill:s3cr3t%2Fword@127.0.0.1:${port}/postgres?sslmode=s3cr3t/word`,
    ],
  ]
  for (const [name, url] of urls)
    promise(`is in no error: ${name}`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(makePostgresStore({ url: Redacted.make(url(server().port)), schema: "x" }))
        expect(Exit.isFailure(exit)).toBe(true)
        const text = shown(exit)
        expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
        expect(text).toMatch(/StoreRefused|StoreUnavailable/u)
      }),
    )
  promise("is not in what a store says of itself", () =>
    Effect.gen(function* () {
      const store = yield* open(freshSchema())
      expect(store.where).toBe(
        `PostgreSQL at 127.0.0.1:${server().port}/postgres, schema ${store.where.split(" ").at(-1)}`,
      )
      expect(shown(store)).not.toContain(server().password)
    }),
  )
})

describe("a commit", () => {
  promise("that has begun is finished, also when whoever asked for it gives up", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const real = makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })
      const [isSent, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow: Database = {
        where: real.where,
        connect: Effect.map(real.connect, (connection) => ({
          ...connection,
          run: (statements) =>
            statements.at(0)?.text.startsWith("WITH moved") === true
              ? Effect.gen(function* () {
                  yield* Deferred.succeed(isSent, undefined)
                  yield* Deferred.await(go)
                  return yield* connection.run(statements)
                })
              : connection.run(statements),
        })),
      }
      const store = yield* makePostgresStoreOver(slow, { schema })
      const giving = yield* Effect.forkChild(
        store.commit((session) => session.append([[recordOf(session.head + 1)]])),
        { startImmediately: true },
      )
      yield* Deferred.await(isSent)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(giving), { startImmediately: true })
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(interrupting)
      const page = yield* (yield* open(schema)).readAfter(0, 10)
      expect(page.events.map(textOf)).toEqual(["sent"])
    }),
  )
  promise("whose answer is on its way has let others in, so a question asked meanwhile waits and knows of them", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const real = makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })
      const [isDone, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow: Database = {
        where: real.where,
        connect: Effect.map(real.connect, (connection) => ({
          ...connection,
          run: (statements) =>
            Effect.tap(connection.run(statements), () =>
              statements.at(1)?.text === "COMMIT" && statements.at(0)?.text.startsWith("WITH moved") === true
                ? Effect.andThen(Deferred.succeed(isDone, undefined), Deferred.await(answer))
                : Effect.void,
            ),
        })),
      }
      const mine = yield* ledgerOver(yield* makePostgresStoreOver(slow, { schema }))
      const other = yield* Effect.flatMap(open(schema), ledgerOver)
      yield* mine.query(Counted, () => 0)
      const appending = yield* Effect.forkChild(write(mine, "a", "one"))
      yield* Deferred.await(isDone)
      yield* write(other, "a", "two")
      const asking = yield* Effect.forkChild(
        mine.query(Counted, (view) => view.get("a")),
        { startImmediately: true },
      )
      yield* Deferred.succeed(answer, undefined)
      expect(yield* Fiber.join(asking)).toBe(2)
      yield* Fiber.join(appending)
    }),
  )
  promise("waits for the disk whatever the role's default says, and for standbys where it says so", () =>
    Effect.gen(function* () {
      yield* sql("CREATE ROLE hasty LOGIN PASSWORD 'hasty-one'")
      const setting = (value: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            yield* sql(`ALTER ROLE hasty SET synchronous_commit = ${value}`)
            const { connect } = makeSqlPgDatabase({
              url: Redacted.make(`postgresql://hasty:hasty-one@127.0.0.1:${server().port}/postgres`),
              lock_wait_ms: 5_000,
              connect_wait_ms: 5_000,
            })
            const [rows] = yield* (yield* connect).run([{ text: "SHOW synchronous_commit" }])
            return rows?.[0]?.["synchronous_commit"]
          }),
        )
      expect(yield* setting("off")).toBe("on")
      expect(yield* setting("remote_apply")).toBe("remote_apply")
    }),
  )
})

describe("what others do to it", () => {
  promise("a head that is held for too long is told, with who holds it", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const url = Redacted.make(server().url)
      const [patient, hasty] = [yield* open(schema), yield* makePostgresStore({ url, schema, lock_wait_ms: 50 })]
      const holding = yield* Effect.forkChild(
        patient.commit(() => Effect.never),
        { startImmediately: true },
      )
      while ((yield* patient.health).lock_holder === undefined) yield* Effect.sleep(1)
      expect((yield* hasty.health).lock_holder).toMatch(/^waybill on 127\.0\.0\.1(\/32)? \(server process \d+\)$/u)
      const refused = yield* Effect.flip(write(yield* ledgerOver(hasty), "a", "one"))
      expect([refused._tag, refused.message]).toEqual(["StoreLocked", expect.stringMatching(/is held by waybill on/u)])
      yield* Fiber.interrupt(holding)
      yield* write(yield* ledgerOver(hasty), "a", "one")
      expect((yield* patient.health).lock_holder).toBeUndefined()
    }),
  )
  promise("a record that somebody changed past all guards is reported and skipped, and nothing around it moves", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      yield* write(ledger, "a", "one", "two", "three")
      yield* sql(`ALTER TABLE ${schema}.facts DISABLE TRIGGER ALL`)
      yield* sql(`UPDATE ${schema}.facts SET line = 'no json' WHERE position IN (2, 3)`)
      const store = yield* open(schema)
      const fresh = yield* ledgerOver(store)
      expect((yield* collect(fresh.read())).map(textOf)).toEqual(["one"])
      expect((yield* store.health).corrupt).toMatchObject([
        { position: 2, line_number: 2, error: expect.stringMatching(/^invalid json/u) },
        { position: 3 },
      ])
      const [next] = yield* write(fresh, "a", "four")
      expect(next?.position).toBe(4)
      expect((yield* collect(fresh.read())).map(textOf)).toEqual(["one", "four"])
      yield* sql(`DELETE FROM ${schema}.facts WHERE position = 4`)
      expect((yield* store.health).damage).toMatchObject([{ error: expect.stringMatching(/stands at 4.* at 3/u) }])
    }),
  )
  promise("a backup that is put back under a running ledger makes it fold anew", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      for (const text of ["one", "two", "three"]) yield* write(ledger, "a", text)
      expect(yield* ledger.query(Counted, (view) => view.get("a"))).toBe(3)
      yield* sql(`ALTER TABLE ${schema}.facts DISABLE TRIGGER ALL`)
      yield* sql(`DELETE FROM ${schema}.facts WHERE position > 1`)
      yield* sql(`UPDATE ${schema}.head SET position = 1`)
      expect(yield* ledger.query(Counted, (view) => view.get("a"))).toBe(1)
      const [fact] = yield* write(ledger, "a", "two again")
      expect(fact?.position).toBe(2)
      // Another ledger under the same name, whose head is just as high.
      yield* sql(`UPDATE ${schema}.facts SET job_id = 'b', line = replace(line, '"job_id":"a"', '"job_id":"b"')`)
      yield* sql(`UPDATE ${schema}.head SET ledger_id = gen_random_uuid()`)
      expect(yield* ledger.query(Counted, (view) => [view.get("a"), view.get("b")])).toEqual([undefined, 2])
    }),
  )
  promise("a follower whose notifications are lost looks by itself", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const store = yield* open(schema, { poll_ms: 30 })
      const other = yield* Effect.flatMap(open(schema), ledgerOver)
      const following = yield* Effect.forkChild(Stream.runCollect(Stream.take((yield* ledgerOver(store)).tail(), 3)), {
        startImmediately: true,
      })
      const deaf = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.ignore(
              Effect.scoped(sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")),
            ),
            Effect.sleep(1),
          ),
        ),
      )
      for (const text of ["one", "two", "three"]) yield* Effect.andThen(Effect.sleep(20), write(other, "a", text))
      expect((yield* Fiber.join(following)).map(textOf)).toEqual(["one", "two", "three"])
      yield* Fiber.interrupt(deaf)
    }),
  )
})

describe("large things", () => {
  promise("a fact of fifteen mebibytes, a page of many such, and a checkpoint larger than a row holds", () =>
    Effect.gen(function* () {
      const store = yield* open(freshSchema())
      const ledger = yield* ledgerOver(store)
      const large = "ü".repeat(7_500_000)
      for (let n = 0; n < 3; n++) yield* ledger.append([written("a", large), named("b", `n${n}`)], origin(`r${n}`))
      const page = yield* store.readAfter(0, 100)
      expect(page.events.length).toBeLessThan(6)
      expect(page.covers).toBe(page.events.at(-1)?.position)
      const all = yield* collect(ledger.read())
      expect(all.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6])
      expect(all.filter((event) => textOf(event) === large).length).toBe(3)
      const text = `${"x".repeat(4 * 1024 * 1024 - 30)}${"🚂".repeat(3_000_000)}`
      const state = {
        position: 0,
        events: 0,
        entities: [["a", text] as const],
        anomalies: [],
        holders: [],
        skipped: { unknown: 0, malformed: 0 },
      }
      yield* store.commit((session) => session.saveCheckpoint({ name: "large", version: 1, state }))
      expect((yield* store.loadCheckpoint("large"))?.state.entities[0]?.[1] === text).toBe(true)
    }),
  )
})
