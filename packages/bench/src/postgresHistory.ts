/**
 * Ledgers in PostgreSQL that hold a history of so many events, and what an append costs behind it.
 *
 * @module
 */
import { encodeLine, Ledger, type RecordedEvent, type Store, Vocabulary } from "@waybill/ledger"
import { makePostgresStore, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Exit, Redacted, Schema, Scope } from "effect"
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { type Behind, mediansInTurns, medianOf } from "./inTurns.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import type { Curve } from "./Report.ts"

export const history_events = [1000, 10_000, 100_000, 1_000_000]
const batch_records = 10_000

const withStore = <A, E>(url: string, schema: string, use: (store: Store) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(makePostgresStore({ url: Redacted.make(url), schema }), use)))

const fill = (url: string, schema: string, events: ReadonlyArray<RecordedEvent>): Promise<void> =>
  withStore(url, schema, (store) =>
    Effect.gen(function* () {
      for (let at = 0; at < events.length; at += batch_records) {
        const records = events.slice(at, at + batch_records).map((event) => ({ event, line: encodeLine(event) }))
        yield* store.commit((session) => session.append([records]))
      }
    }),
  )

/** Runs statements one after the other, on a connection of their own. */
export const sql = (url: string, ...texts: ReadonlyArray<string>): Promise<void> => {
  const database = makeSqlPgDatabase({
    url: Redacted.make(url),
    lock_wait_ms: 5_000,
    connect_wait_ms: 5_000,
    answer_wait_ms: 300_000,
  })
  return Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(database.connect, ({ run }) =>
        Effect.forEach(texts, (text) => run([{ text }]), { discard: true }),
      ),
    ),
  )
}

/** Opens something in each of some schemas, behind each length of history. One is filled, the shorter ones are its beginnings. */
export const behindHistories = async (
  url: string,
  { progress, scaled }: Pick<CurveTools & Conditions, "progress" | "scaled">,
  open: (schema: string, events: number) => Promise<Behind>,
): Promise<ReadonlyArray<Behind>> => {
  const lengths = history_events.map((full) => scaled(full))
  const whole = "bench_history"
  const schemas: Array<readonly [schema: string, events: number]> = []
  const fillAll = async () => {
    const events = jobspecEvents(lengths.at(-1) ?? 0)
    let filled = 0
    for (const [i, length] of lengths.entries()) {
      progress(`filling PostgreSQL with ${length} events`)
      await fill(url, whole, events.slice(filled, length))
      filled = length
      const schema = i === lengths.length - 1 ? whole : `${whole}_${i}`
      schemas.push([schema, length])
      if (schema === whole) continue
      await fill(url, schema, [])
      await sql(
        url,
        `INSERT INTO ${schema}.facts SELECT * FROM ${whole}.facts ORDER BY position`,
        `UPDATE ${schema}.head SET position = ${length}`,
      )
    }
  }
  await fillAll()
  const all: Array<Behind> = []
  for (const [schema, length] of schemas) {
    progress(`opening what is behind ${length} events`)
    all.push(await open(schema, length))
  }
  // What the filling has left to be done in the background is done before the time begins.
  for (const [schema] of schemas) await sql(url, `VACUUM ANALYZE ${schema}.facts`)
  await sql(url, "CHECKPOINT")
  return all
}

const writers = 8
const facts_each = 64
const rounds = 40

const Log = Vocabulary.make("log", {
  noted: { payload: Schema.Struct({ n: Schema.Int, text: Schema.String }) },
})
const text = "x".repeat(120)

const appendBehind = async (url: string, schema: string, events: number): Promise<Behind> => {
  const scope = await Effect.runPromise(Scope.make())
  const ledger = await Effect.gen(function* () {
    const opened = yield* Ledger.make(yield* makePostgresStore({ url: Redacted.make(url), schema }), [Log])
    yield* opened.append([Log.facts.noted.makeOrThrow("log", { n: 0, text })], { actor: "bench", requestId: "first" })
    yield* opened.saveDueCheckpoints
    return opened
  }).pipe(Scope.provide(scope), Effect.runPromise)
  const write = (writer: number) =>
    Effect.gen(function* () {
      for (let n = 0; n < facts_each; n++)
        yield* ledger.append([Log.facts.noted.makeOrThrow(`log-${writer}`, { n, text })], {
          actor: "bench",
          requestId: `req-${writer}`,
        })
    })
  const all = Array.from({ length: writers }, (_, writer) => writer)
  return {
    events,
    round: async () => {
      const started = performance.now()
      await Effect.runPromise(Effect.forEach(all, write, { concurrency: "unbounded", discard: true }))
      return ((performance.now() - started) / (writers * facts_each)) * 1000
    },
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  }
}

export const append_postgres_history = `a durable append to PostgreSQL by ${writers} writers`

/** What an append costs beside a history of so many events: the middle of some rounds. */
export const appendPostgresHistory = async (url: string, tools: CurveTools & Conditions): Promise<Curve> => {
  const all = await behindHistories(url, tools, (schema, events) => appendBehind(url, schema, events))
  return {
    name: append_postgres_history,
    x: "events before the first round",
    y: `µs for each fact, ${medianOf(rounds)}`,
    points: await mediansInTurns(all, rounds, tools),
  }
}
