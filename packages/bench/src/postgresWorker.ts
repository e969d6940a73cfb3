/**
 * A process that appends to PostgreSQL on command: through a ledger, with plain inserts of the same batches, with inserts that
 * move one row as a ledger does, so that their order has no gap, alone or in turns with another process, or by the library of a
 * peer. Everybody is given the same payloads. Commands and answers are messages of its parent's channel.
 */
import { Ledger, type LedgerShape, Vocabulary } from "@waybill/ledger"
import { type Connection, makePostgresStore, makeSqlPgDatabase, type Row } from "@waybill/ledger-store/postgres"
import { Effect, Redacted, Schema } from "effect"
import { startEmmett } from "./emmettPostgres.ts"
import { openInstalled } from "./Peers.ts"
import { startGraphile, startPgBoss } from "./queuePeers.ts"

export interface Command {
  readonly how: "ledger" | "plain" | "ordered" | "turns" | "emmett" | "boss" | "graphile"
  readonly writers: number
  readonly facts: number
  /** Where the library of a peer is installed. */
  readonly folder?: string
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

const statements = {
  plain: `INSERT INTO ${table} (position, job_id, event_id, line)
    SELECT nextval('${table}_position'), job_id, event_id, line
    FROM unnest($1::text[], $2::text[], $3::text[]) AS f (job_id, event_id, line)`,
  ordered: `WITH moved AS (UPDATE ${table}_head SET position = $5 WHERE position = $4 RETURNING 1), recorded AS (
      INSERT INTO ${table}_ordered (position, job_id, event_id, line)
      SELECT $4::bigint + n, job_id, event_id, line
      FROM moved, unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS f (job_id, event_id, line, n)
    ) SELECT pg_notify('${table}', $5::bigint::text) FROM moved`,
}

const readRow = `SELECT position FROM ${table}_head`
const positionOf = (rows: ReadonlyArray<Row> = []) => Number(rows[0]?.["position"])

/** The batches that a group commit makes of it, inserted one after the other: nothing checked, nothing folded, nobody answered. */
const byHand = (connection: Connection, { facts, writers }: Command, how: "plain" | "ordered" | "turns") =>
  Effect.gen(function* () {
    let last = positionOf((yield* connection.run([{ text: readRow }]))[0])
    for (let i = 0; i < facts / writers; i++) {
      if (how === "turns")
        last = positionOf((yield* connection.run([{ text: "BEGIN" }, { text: `${readRow} FOR UPDATE` }]))[1])
      const rows = Array.from({ length: writers }, (_, writer) => {
        const n = appended++
        const job = `${name}-job-${writer}`
        const id = `evt_log.noted_${job}_${n}`
        return { job, id, line: lineOf(id, job, n) }
      })
      const values: Array<unknown> = [
        rows.map(({ job }) => job),
        rows.map(({ id }) => id),
        rows.map(({ line }) => line),
      ]
      if (how !== "plain") values.push(BigInt(last), BigInt((last += writers)))
      const insert = { text: how === "plain" ? statements.plain : statements.ordered, values }
      const [moved] = yield* connection.run(how === "turns" ? [insert, { text: "COMMIT" }] : [insert])
      if (how !== "plain" && moved?.length !== 1) throw new Error("the row stood elsewhere: nothing was inserted")
    }
  })

type Append = (writer: number, n: number) => Promise<void>
const payloadOf = (writer: number, n: number) => ({ writer, n, text })

const peers: Readonly<Record<"emmett" | "boss" | "graphile", (folder: string) => Promise<Append>>> = {
  emmett: async (folder) => {
    const { append } = await startEmmett(url, await openInstalled(folder))
    return (writer, n) => append(`${name}-job-${writer}`, payloadOf(writer, n))
  },
  boss: async (folder) => {
    const { add } = await startPgBoss(url, await openInstalled(folder))
    return (writer, n) => add(payloadOf(writer, n))
  },
  graphile: async (folder) => {
    const { add } = await startGraphile(url, await openInstalled(folder))
    return (writer, n) => add(payloadOf(writer, n))
  },
}
const started = new Map<keyof typeof peers, Promise<Append>>()

/** Every writer appends one fact after the other through the library of a peer, which is started when it is first asked for. */
const throughPeer = (how: keyof typeof peers, { facts, folder = "", writers }: Command) =>
  Effect.promise(async () => {
    const append = started.get(how) ?? peers[how](folder)
    started.set(how, append)
    const one = await append
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let i = 0; i < facts / writers; i++) await one(writer, appended++)
      }),
    )
  })

const work = (ledger: LedgerShape, connection: Connection, command: Command): Effect.Effect<void, unknown> => {
  const { how } = command
  if (how === "ledger") return throughLedger(ledger, command)
  return how === "plain" || how === "ordered" || how === "turns"
    ? byHand(connection, command, how)
    : throughPeer(how, command)
}

await Effect.runPromise(
  Effect.gen(function* () {
    const redacted = Redacted.make(url)
    const ledger = yield* Ledger.make(yield* makePostgresStore({ url: redacted, schema }), [Log])
    const database = makeSqlPgDatabase({ url: redacted, lock_wait_ms: 30_000, connect_wait_ms: 10_000 })
    const connection = yield* database.connect
    const context = yield* Effect.context()
    process.on("message", (command: Command) => {
      Effect.runPromiseWith(context)(work(ledger, connection, command)).then(
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
