/**
 * A process that appends to PostgreSQL on command, through a ledger or with plain inserts of the same batches. Commands and
 * answers are messages of its parent's channel.
 */
import { Ledger, type LedgerShape, Vocabulary } from "@waybill/ledger"
import { type Connection, makePostgresStore, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted, Schema } from "effect"

export interface Command {
  readonly how: "ledger" | "plain"
  readonly writers: number
  readonly facts: number
}

const [url = "", schema = "", table = "", name = ""] = process.argv.slice(2)

const Log = Vocabulary.make("log", {
  noted: { payload: Schema.Struct({ writer: Schema.Int, n: Schema.Int, text: Schema.String }) },
})
const text = "x".repeat(120)
/** A line like those that the ledger writes for these facts. */
const lineOf = (id: string, job: string, n: number) =>
  `{"schema_version":1,"event_id":"${id}","request_id":"req-${name}","job_id":"${job}","event_type":"log.noted","occurred_at":"2026-01-02T03:04:05.678Z","actor":"bench","payload":{"n":${n},"text":"${text}","writer":0}}`

let appended = 0

/** Every writer appends one fact after the other, each as soon as the one before is acknowledged. */
const throughLedger = (ledger: LedgerShape, { facts, writers }: Command) =>
  Effect.forEach(
    Array.from({ length: writers }, (_, writer) => writer),
    (writer) =>
      Effect.gen(function* () {
        for (let i = 0; i < facts / writers; i++) {
          const fact = Log.facts.noted.makeOrThrow(`${name}-job-${writer}`, { writer, n: appended++, text })
          yield* ledger.append([fact], { actor: "bench", requestId: `req-${name}` })
        }
      }),
    { concurrency: "unbounded", discard: true },
  )

/** The batches that a group commit makes of it, inserted one after the other: no lock, no condition, nobody told. */
const plainly = (connection: Connection, { facts, writers }: Command) =>
  Effect.gen(function* () {
    for (let i = 0; i < facts / writers; i++) {
      const rows = Array.from({ length: writers }, (_, writer) => {
        const n = appended++
        const job = `${name}-job-${writer}`
        const id = `evt_log.noted_${job}_${n}`
        return { job, id, line: lineOf(id, job, n) }
      })
      yield* connection.run([
        {
          text: `INSERT INTO ${table} (position, job_id, event_id, line)
            SELECT nextval('${table}_position'), job_id, event_id, line
            FROM unnest($1::text[], $2::text[], $3::text[]) AS f (job_id, event_id, line)`,
          values: [rows.map(({ job }) => job), rows.map(({ id }) => id), rows.map(({ line }) => line)],
        },
      ])
    }
  })

await Effect.runPromise(
  Effect.gen(function* () {
    const redacted = Redacted.make(url)
    const ledger = yield* Ledger.make(yield* makePostgresStore({ url: redacted, schema }), [Log])
    const database = makeSqlPgDatabase({ url: redacted, lock_wait_ms: 30_000, connect_wait_ms: 10_000 })
    const connection = yield* database.connect
    const context = yield* Effect.context()
    process.on("message", (command: Command) => {
      const work: Effect.Effect<void, unknown> =
        command.how === "ledger" ? throughLedger(ledger, command) : plainly(connection, command)
      Effect.runPromiseWith(context)(work).then(
        () => process.send?.("done"),
        (error: unknown) => process.send?.(`failed: ${String(error)}`),
      )
    })
    // A worker does not outlive the bench.
    process.once("disconnect", () => process.exit())
    process.send?.("ready")
    return yield* Effect.never
  }).pipe(Effect.scoped),
)
