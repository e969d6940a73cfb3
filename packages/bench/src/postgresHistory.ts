/**
 * Ledgers in PostgreSQL that hold a history of so many events, and what an append costs behind it.
 *
 * @module
 */
import { encodeLine, Ledger, type RecordedEvent, type Store, Vocabulary } from "@waybill/ledger"
import { makePostgresStore, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted, Schema, type Scope } from "effect"
import type { Conditions, CurveTools } from "./Benchmark.ts"
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

const sql = (url: string, ...texts: ReadonlyArray<string>): Promise<void> => {
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

/** What `measure` answers for a schema behind each length of history. One history is filled, the shorter ones are its beginnings. */
export const behindHistories = async (
  url: string,
  { progress, scaled }: Pick<CurveTools & Conditions, "progress" | "scaled">,
  measure: (schema: string) => Promise<number>,
): Promise<Curve["points"]> => {
  const lengths = history_events.map((full) => scaled(full))
  const events = jobspecEvents(lengths.at(-1) ?? 0)
  const whole = "bench_history"
  const points = []
  let filled = 0
  for (const [i, length] of lengths.entries()) {
    progress(`filling PostgreSQL with ${length} events`)
    await fill(url, whole, events.slice(filled, length))
    filled = length
    const schema = i === lengths.length - 1 ? whole : `${whole}_${i}`
    if (schema !== whole) {
      await fill(url, schema, [])
      await sql(
        url,
        `INSERT INTO ${schema}.facts SELECT * FROM ${whole}.facts ORDER BY position`,
        `UPDATE ${schema}.head SET position = ${length}`,
      )
    }
    // What the filling has left to be done in the background is done before the time begins.
    await sql(url, `VACUUM ANALYZE ${schema}.facts`, "CHECKPOINT")
    progress(`measuring behind ${length} events`)
    points.push({ x: length, y: Number((await measure(schema)).toPrecision(3)) })
  }
  return points
}

const writers = 8
const facts_each = 64
const rounds = 9

const Log = Vocabulary.make("log", {
  noted: { payload: Schema.Struct({ n: Schema.Int, text: Schema.String }) },
})
const text = "x".repeat(120)

/** The fastest of some rounds, in µs for each fact. */
const appendBehind = (url: string, schema: string): Promise<number> =>
  withStore(url, schema, (store) =>
    Effect.gen(function* () {
      const ledger = yield* Ledger.make(store, [Log])
      const write = (writer: number) =>
        Effect.gen(function* () {
          for (let n = 0; n < facts_each; n++)
            yield* ledger.append([Log.facts.noted.makeOrThrow(`log-${writer}`, { n, text })], {
              actor: "bench",
              requestId: `req-${writer}`,
            })
        })
      const all = Array.from({ length: writers }, (_, writer) => writer)
      const round = Effect.forEach(all, write, { concurrency: "unbounded", discard: true })
      const times: Array<number> = []
      for (let n = 0; n < rounds; n++) {
        const started = performance.now()
        yield* round
        times.push(performance.now() - started)
      }
      return (Math.min(...times) / (writers * facts_each)) * 1000
    }),
  )

export const append_postgres_history = `a durable append to PostgreSQL by ${writers} writers`

/** What an append costs beside a history of so many events. */
export const appendPostgresHistory = async (url: string, tools: CurveTools & Conditions): Promise<Curve> => ({
  name: append_postgres_history,
  x: "events before it",
  y: "µs for each fact",
  points: await behindHistories(url, tools, (schema) => appendBehind(url, schema)),
})
