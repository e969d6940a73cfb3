import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { type Conditions, make } from "../Benchmark.ts"
import { type EmmettStore, startEmmett } from "../emmettPostgres.ts"
import { type PeerQueue, startGraphile, startPgBoss } from "../queuePeers.ts"
import { append_postgres_history, appendPostgresHistory } from "../postgresHistory.ts"
import type { Command } from "../postgresWorker.ts"

const facts_count = 1_536
const facts_min = 32
const [schema, table] = ["bench_ledger", "bench_plain"]

interface Input {
  readonly facts: number
  readonly emmett: EmmettStore | undefined
  readonly boss: PeerQueue | undefined
  readonly graphile: PeerQueue | undefined
  readonly server: PostgresServer
  readonly workers: ReadonlyArray<ChildProcess>
}

const answer = async (worker: ChildProcess): Promise<void> => {
  const [said]: ReadonlyArray<unknown> = await once(worker, "message")
  if (said !== "ready" && said !== "done") throw new Error(String(said))
}

const startWorker = async (url: string, name: string): Promise<ChildProcess> => {
  const script = join(import.meta.dirname, "../postgresWorker.ts")
  const worker = spawn(process.execPath, ["--conditions=@waybill/source", script, url, schema, table, name], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  })
  await answer(worker)
  return worker
}

/** The same columns and indexes as a ledger's facts, and nothing else. */
const like = (name: string): ReadonlyArray<string> => [
  `CREATE TABLE ${name} (position bigint PRIMARY KEY, job_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, line text COLLATE "C" NOT NULL)`,
  `CREATE UNIQUE INDEX ON ${name} (event_id)`,
  `CREATE UNIQUE INDEX ON ${name} (job_id, position)`,
]
const plainTables = [
  ...like(table),
  `CREATE SEQUENCE ${table}_position`,
  ...like(`${table}_ordered`),
  `CREATE TABLE ${table}_head (position bigint NOT NULL) WITH (fillfactor = 10)`,
  `INSERT INTO ${table}_head VALUES (0)`,
]

const input = async (_: number, { peers, scaled }: Conditions): Promise<Input> => {
  if (findPostgres() === undefined) throw new Error("needs PostgreSQL (initdb and postgres)")
  // Commits wait for the disk, as they do where a ledger is kept.
  const server = await startPostgres({ fsync: true })
  const database = makeSqlPgDatabase({ url: Redacted.make(server.url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })
  await Effect.runPromise(
    Effect.scoped(Effect.flatMap(database.connect, ({ run }) => run(plainTables.map((text) => ({ text }))))),
  )
  // One after the other: the first makes the schema.
  const workers = [await startWorker(server.url, "a"), await startWorker(server.url, "b")]
  const [stores, queues] = [peers.get("event-stores"), peers.get("queues")]
  return {
    facts: scaled(facts_count, facts_min),
    server,
    workers,
    emmett: stores && (await startEmmett(server.url, stores)),
    boss: queues && (await startPgBoss(server.url, queues)),
    graphile: queues && (await startGraphile(server.url, queues)),
  }
}

/** Everybody works at once: so many writers and facts in each of the first workers. */
const work =
  (how: Command["how"], workers_count: number, writers: number) =>
  async ({ facts, workers }: Input): Promise<void> => {
    await Promise.all(
      workers.slice(0, workers_count).map((worker) => {
        worker.send({ how, writers, facts: facts / workers_count } satisfies Command)
        return answer(worker)
      }),
    )
  }

/** So many writers of this process, each waiting for its answer before the next. */
const writeAll =
  (writers: number, one: (input: Input) => ((writer: number, n: number) => Promise<void>) | undefined) =>
  async (given: Input): Promise<void> => {
    const write = one(given)
    let next = 0
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = next++; n < given.facts; n = next++) await write?.(writer, n)
      }),
    )
  }

const writersInWords = (writers: number) => `${writers} ${writers === 1 ? "writer" : "writers"}`

const namesOf = (writers: number) => {
  const words = writersInWords(writers)
  return {
    name: words,
    plain: `plain inserts, batches of ${writers}`,
    ordered: `inserts that move one row, batches of ${writers}`,
    emmett: `emmett, ${words}`,
    boss: `pg-boss send, ${words}`,
    graphile: `graphile-worker addJob, ${words}`,
  }
}

const inOne = (writers: number) => {
  const { emmett, boss, graphile, name, ordered, plain } = namesOf(writers)
  return [
    { name, role: "subject", beside: [plain, ordered, emmett, boss, graphile], run: work("ledger", 1, writers) },
    { name: plain, role: "limit", run: work("plain", 1, writers) },
    { name: ordered, role: "limit", run: work("ordered", 1, writers) },
    { name: emmett, role: "peer", needs: "event-stores", run: writeAll(writers, (each) => each.emmett?.append) },
    { name: boss, role: "peer", needs: "queues", run: writeAll(writers, (each) => each.boss?.add) },
    { name: graphile, role: "peer", needs: "queues", run: writeAll(writers, (each) => each.graphile?.add) },
  ] as const
}

const wall =
  "one order of all commits without a gap is a row that each commit moves: the second limit inserts the same rows and moves such a row, and nothing else. The server's process takes 72 µs to insert one fact and 90 to insert it and move that row; 149 and 163 for eight. On this side a fact is checked, stamped, made a line, folded, and answered to a fiber of its own, 13 µs for a lone append and 4 in a group of 32 while nothing else runs, and more after each sleep (docs/decisions/0049)."

const goalsOf = (writers: number) => {
  const { emmett, boss, graphile, name, plain } = namesOf(writers)
  return [
    { subject: name, beside: plain, speed_min: 0.7, wall },
    { subject: name, beside: [emmett, boss, graphile], speed_min: 1, wall },
  ]
}

/**
 * Two processes: beside the same batches one after the other, as the commits of one log are, and beside each process inserting
 * for itself, which keeps no order between them.
 */
const inTwo = (writers: number) => {
  const [name, log, apart] = [
    `${writersInWords(writers)} in each of 2 processes`,
    `plain inserts, batches of ${writers}, one after the other`,
    `plain inserts, batches of ${writers}, 2 processes for themselves`,
  ]
  return [
    { name, role: "subject", beside: [log, apart], run: work("ledger", 2, writers) },
    { name: log, role: "limit", run: work("plain", 1, writers) },
    { name: apart, role: "peer", run: work("plain", 2, writers) },
  ] as const
}

/** What a durable, gap-proof append costs beside the inserts alone. */
export default make({
  name: "append-postgres",
  title: "Appending to PostgreSQL, one fact per append",
  unit: "facts",
  input,
  amount: ({ facts }) => facts,
  describe: ({ facts }) =>
    `${facts} facts of about 400 bytes, PostgreSQL on this machine, every commit flushed. Only the ledger gives one gapless order of commits; emmett orders each stream, pg-boss and graphile-worker nothing`,
  subjects: [...inOne(1), ...inOne(8), ...inOne(32), ...inTwo(4), ...inTwo(16)],
  goals: [...goalsOf(1), ...goalsOf(8), ...goalsOf(32), { curve: append_postgres_history, growth_max: 1.2 }],
  curves: async ({ server }, tools) => [await appendPostgresHistory(server.url, tools)],
  close: async ({ boss, emmett, graphile, server, workers }) => {
    for (const peer of [emmett, boss, graphile]) await peer?.close()
    for (const worker of workers) worker.kill("SIGKILL")
    await server.close()
  },
})
