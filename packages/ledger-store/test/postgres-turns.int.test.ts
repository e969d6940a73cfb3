/** What a process may hope for that has met nobody else at the head, and what becomes of the hope when somebody was there. */
import {
  type Database,
  DatabaseError,
  makePostgresStoreOver,
  makeSqlPgDatabase,
  type Statement,
} from "@waybill/ledger-store/postgres"
import { Projection } from "@waybill/ledger"
import { Deferred, Effect, Fiber, Redacted, Schema } from "effect"
import { describe, expect } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, Note, origin, textOf, write, written } from "./support/texts.ts"

const { freshSchema, open, promise, server } = usePostgres()

const realDatabase = () =>
  makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })

const Counted = Projection.make({
  name: "counted",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

const isAppend = ({ text }: Statement): boolean => text.startsWith("WITH moved")

/** A ledger, what it sends, and a way to come in between: an effect that fails answers in the server's place. */
const watchedLedger = (
  schema: string,
  before: (asked: ReadonlyArray<Statement>) => Effect.Effect<void, DatabaseError> | undefined = () => undefined,
) =>
  Effect.gen(function* () {
    const real = realDatabase()
    const sent: Array<ReadonlyArray<Statement>> = []
    const database: Database = {
      where: real.where,
      connect: Effect.map(real.connect, (connection) => ({
        ...connection,
        run: (asked) =>
          Effect.suspend(() => {
            sent.push(asked)
            return Effect.andThen(before(asked) ?? Effect.void, connection.run(asked))
          }),
      })),
    }
    const store = yield* makePostgresStoreOver(database, { schema, patience_ms: 5_000 })
    const ledger = yield* ledgerOver(store)
    // From here on it knows that nobody else is there.
    for (const text of ["first", "second"]) yield* write(ledger, "mine", text)
    sent.length = 0
    return { ledger, sent, store }
  })

const verbs = (sent: ReadonlyArray<ReadonlyArray<Statement>>) =>
  sent.map((asked) => asked.map((statement) => (isAppend(statement) ? "append" : (statement.text.split(" ")[0] ?? ""))))

describe("a process that has met nobody else at the head", () => {
  promise("appends with one statement, and answers a refusal after one look at the head", () =>
    Effect.gen(function* () {
      const { ledger, sent } = yield* watchedLedger(freshSchema())
      for (const text of ["third", "fourth"]) yield* write(ledger, "mine", text)
      expect(verbs(sent)).toEqual([["append"], ["append"]])
      sent.length = 0
      const refused = yield* Effect.flip(
        ledger.append([written("mine", "x")], { ...origin("r"), expected: { mine: 1 } }),
      )
      expect(refused._tag).toBe("Conflict")
      // Beside what is read to see whether these facts were recorded before.
      const texts = sent.flat().map(({ text }) => text)
      expect(texts.filter((text) => text.startsWith("SELECT position AS head"))).toHaveLength(1)
      expect(texts.filter((text) => /BEGIN|FOR UPDATE/u.test(text))).toEqual([])
    }),
  )
  promise("records those who ask in the same moment together", () =>
    Effect.gen(function* () {
      const { ledger, sent } = yield* watchedLedger(freshSchema())
      const writer = (n: number) =>
        Effect.forEach([1, 2, 3], (i) => write(ledger, `job-${n}`, `text ${i}`), { discard: true })
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], writer, { concurrency: "unbounded", discard: true })
      expect(verbs(sent)).toEqual([["append"], ["append"], ["append"]])
    }),
  )
  promise("decides anew when somebody was there: what it would have recorded, and what it would have refused", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const { ledger, sent, store } = yield* watchedLedger(schema)
      const other = yield* Effect.flatMap(open(schema), ledgerOver)
      yield* write(other, "mine", "theirs")
      // Where this process left it, the job ends at 2; it ends at 3.
      const refused = yield* Effect.flip(
        ledger.append([written("mine", "x")], { ...origin("r"), expected: { mine: 2 } }),
      )
      expect(refused).toMatchObject({ _tag: "Conflict", because: { expected: 2, actual: 3 } })
      // It has met somebody. Only what it finds at the head once it has let go of the right to append tells that it is alone again.
      while ((yield* store.health).lock_holder !== undefined) yield* Effect.sleep(1)
      yield* write(ledger, "mine", "fourth")
      yield* write(ledger, "mine", "fifth")
      yield* write(other, "mine", "theirs too")
      sent.length = 0
      // Where this process left it, this would have been refused.
      const [sixth] = yield* ledger.append([written("mine", "seventh")], { ...origin("r7"), expected: { mine: 6 } })
      expect(sixth.position).toBe(7)
      expect(verbs(sent)[0]).toEqual(["SELECT"])
      expect((yield* collect(other.read())).map(textOf)).toEqual([
        "first",
        "second",
        "theirs",
        "fourth",
        "fifth",
        "theirs too",
        "seventh",
      ])
    }),
  )
  promise("lets nobody in this process be told what was, while it looks whether somebody was there", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const [isAsked, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let isArmed = false
      const { ledger } = yield* watchedLedger(schema, (asked) => {
        if (!isArmed || asked[0]?.text.startsWith("SELECT position AS head") !== true) return undefined
        isArmed = false
        return Effect.andThen(Deferred.succeed(isAsked, undefined), Deferred.await(go))
      })
      const other = yield* Effect.flatMap(open(schema), ledgerOver)
      const count = ledger.query(Counted, (view) => view.get("mine"))
      expect(yield* count).toBe(2)
      isArmed = true
      const refusing = yield* Effect.forkChild(
        Effect.flip(ledger.append([written("mine", "x")], { ...origin("r"), expected: { mine: 1 } })),
      )
      yield* Deferred.await(isAsked)
      yield* write(other, "mine", "theirs")
      const counting = yield* Effect.forkChild(count, { startImmediately: true })
      yield* Deferred.succeed(go, undefined)
      expect(yield* Fiber.join(counting)).toBe(3)
      expect((yield* Fiber.join(refusing))._tag).toBe("Conflict")
    }),
  )
  promise("is told by what it reads that others are there, and hopes no more", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const { ledger, sent } = yield* watchedLedger(schema)
      yield* write(yield* Effect.flatMap(open(schema), ledgerOver), "theirs", "theirs")
      yield* collect(ledger.read())
      sent.length = 0
      yield* write(ledger, "mine", "third")
      expect(verbs(sent)[0]).toEqual(["SELECT", "BEGIN", "SELECT"])
    }),
  )
})

describe("an append whose answer is lost", () => {
  /** Loses the next append on its way, and hands it out, so that it can reach the server late. */
  const losing = () => {
    const late: Array<ReadonlyArray<Statement>> = []
    let isArmed = false
    return {
      late,
      arm: () => (isArmed = true),
      instead: (asked: ReadonlyArray<Statement>) => {
        if (!isArmed || !asked.some(isAppend)) return undefined
        isArmed = false
        late.push(asked)
        return Effect.fail(new DatabaseError({ failure: "cut", reason: "lost" }))
      },
    }
  }
  promise("and that reaches the server late, after it was sent again, does nothing", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const { arm, instead, late } = losing()
      const { ledger } = yield* watchedLedger(schema, instead)
      arm()
      yield* write(ledger, "mine", "third")
      expect(late.map((asked) => asked.length)).toEqual([1])
      const connection = yield* realDatabase().connect
      for (const asked of late) expect(yield* connection.run(asked)).toEqual([[]])
      yield* write(ledger, "mine", "fourth")
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["first", "second", "third", "fourth"])
    }),
  )
  promise("and cannot be sent again is not called unrecorded: it may still be recorded", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const { arm, instead, late } = losing()
      let isFull = false
      const { ledger } = yield* watchedLedger(schema, (asked) => {
        if (isFull && asked.some(isAppend)) return Effect.fail(new DatabaseError({ failure: "full", reason: "full" }))
        const lost = instead(asked)
        isFull ||= lost !== undefined
        return lost
      })
      arm()
      const told = yield* Effect.flip(
        ledger.append([written("mine", "third")], { ...origin("r3"), expected: { mine: 2 } }),
      )
      expect([told._tag, told.message]).toEqual([
        "StorePoisoned",
        expect.stringMatching(
          /: whether the last append was recorded is not known, .* Append again under the same condition/u,
        ),
      ])
      // It comes in late after all, and the caller who asks again is told so.
      const connection = yield* realDatabase().connect
      for (const asked of late) expect((yield* connection.run(asked))[0]?.length).toBe(1)
      isFull = false
      const [third] = yield* ledger.append([written("mine", "third")], { ...origin("r3"), expected: { mine: 2 } })
      expect(third.position).toBe(3)
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["first", "second", "third"])
    }),
  )
})

describe("the planner", () => {
  promise("finds a page by its index alone, whatever the server knows of the tables, and never compiles it", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      yield* write(ledger, "rare", "one")
      const connection = yield* realDatabase().connect
      yield* connection.run([
        {
          text: `INSERT INTO ${schema}.facts SELECT n, 'job-' || n % 3, 'evt-' || n, '{}' FROM generate_series(2, 20000) n`,
        },
        { text: "SET plan_cache_mode = force_generic_plan" },
      ])
      const { makeStatements } = yield* Effect.promise(() => import("../src/postgres/statements.ts"))
      const statements = makeStatements(schema)
      const plans = (name: string) =>
        Effect.gen(function* () {
          const asked = {
            after: statements.readAfter(10, 100),
            before: statements.readBefore(10_000, 100),
            stream: statements.readStream("rare", 0, 100),
          }
          const found: Record<string, string> = {}
          for (const [kind, { text, values = [] }] of Object.entries(asked)) {
            const types = values.map((value) => (typeof value === "bigint" ? "bigint" : "text")).join(", ")
            const literals = values.map((value) => (typeof value === "bigint" ? String(value) : `'${String(value)}'`))
            yield* connection.run([{ text: `PREPARE ${name}_${kind} (${types}) AS ${text}` }])
            const [rows = []] = yield* connection.run([
              {
                text: `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE ${name}_${kind}(${literals.join(", ")})`,
              },
            ])
            found[kind] = rows.map((row) => String(row["QUERY PLAN"])).join("\n")
          }
          return found
        })
      for (const name of ["unknown", "analysed"]) {
        if (name === "analysed") yield* connection.run([{ text: `ANALYZE ${schema}.facts` }])
        const found = yield* plans(name)
        expect(found["after"]).toMatch(/Index Scan using facts_pkey on facts .*rows=100/u)
        expect(found["before"]).toMatch(/Index Scan Backward using facts_pkey on facts .*rows=100/u)
        expect(found["stream"]).toMatch(/Index Scan using facts_job on facts .*rows=1 /u)
        for (const plan of Object.values(found)) expect(plan).not.toMatch(/JIT|Seq Scan on facts|Removed by Filter/u)
      }
    }),
  )
})
