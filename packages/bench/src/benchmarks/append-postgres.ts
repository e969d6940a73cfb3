import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { type Conditions, make } from "../Benchmark.ts"
import type { Figures } from "../Goals.ts"
import type { PeerGroup } from "../Peers.ts"
import { append_postgres_history, appendPostgresHistory } from "../postgresHistory.ts"
import type { Command } from "../postgresWorker.ts"

const facts_count = 1_024
const facts_min = 32
const [schema, table] = ["bench_ledger", "bench_plain"]

interface Input {
  readonly facts: number
  /** Where the libraries of the peers are installed. */
  readonly folders: ReadonlyMap<PeerGroup, string>
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
  // Commits wait for the disk, as they do where a ledger is kept. Each peer has its connections in each process.
  const server = await startPostgres({ fsync: true, settings: { max_connections: "300" } })
  const database = makeSqlPgDatabase({ url: Redacted.make(server.url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })
  await Effect.runPromise(
    Effect.scoped(Effect.flatMap(database.connect, ({ run }) => run(plainTables.map((text) => ({ text }))))),
  )
  // One after the other: the first makes the schema.
  const workers = [await startWorker(server.url, "a"), await startWorker(server.url, "b")]
  return {
    facts: scaled(facts_count, facts_min),
    server,
    workers,
    folders: new Map([...peers].map(([group, { folder }]) => [group, folder])),
  }
}

/** Everybody works at once: so many writers in each of the first workers, and as many facts for each worker. */
const work =
  (how: Command["how"], workers_count: number, writers: number, group?: PeerGroup) =>
  async ({ facts, folders, workers }: Input): Promise<void> => {
    const folder = group === undefined ? undefined : folders.get(group)
    await Promise.all(
      workers.slice(0, workers_count).map((worker) => {
        const command: Command = {
          how,
          writers,
          facts: facts / workers_count,
          ...(folder === undefined ? {} : { folder }),
        }
        worker.send(command)
        return answer(worker)
      }),
    )
  }

const writersInWords = (writers: number) => `${writers} ${writers === 1 ? "writer" : "writers"}`

const namesOf = (writers: number, workers_count = 1) => {
  const words = `${writersInWords(writers)}${workers_count === 1 ? "" : ` in each of ${workers_count} processes`}`
  return {
    name: words,
    plain: `plain inserts, batches of ${writers}`,
    ordered: `inserts that move one row, batches of ${writers}`,
    log: `plain inserts, batches of ${writers}, one after the other`,
    moving: `inserts that move one row, batches of ${writers}, one after the other`,
    apart: `plain inserts, batches of ${writers}, 2 processes for themselves`,
    turns: `inserts that move one row in turns, batches of ${writers}, 2 processes`,
    emmett: `emmett, ${words}`,
    boss: `pg-boss send, ${words}`,
    graphile: `graphile-worker addJob, ${words}`,
  }
}

const peersOf = (writers: number, workers_count: number) => {
  const { boss, emmett, graphile } = namesOf(writers, workers_count)
  const by = (how: Command["how"], needs: PeerGroup) => ({
    role: "peer" as const,
    needs,
    run: work(how, workers_count, writers, needs),
  })
  return [
    { name: emmett, ...by("emmett", "event-stores") },
    { name: boss, ...by("boss", "queues") },
    { name: graphile, ...by("graphile", "queues") },
  ]
}

const inOne = (writers: number) => {
  const { boss, emmett, graphile, name, ordered, plain } = namesOf(writers)
  const beside = [plain, ordered, emmett, boss, graphile]
  return [
    { name, role: "subject" as const, beside, run: work("ledger", 1, writers) },
    { name: plain, role: "limit" as const, run: work("plain", 1, writers) },
    { name: ordered, role: "limit" as const, run: work("ordered", 1, writers) },
    ...peersOf(writers, 1),
  ]
}

const wallOf =
  (writers: number) =>
  ({ time }: Figures): string => {
    const { name, ordered, plain } = namesOf(writers)
    return `one order of all commits without a gap is a row that each commit moves: the second limit inserts the same rows and moves such a row, and nothing else. It takes ${time(ordered)} where the plain inserts take ${time(plain)}; ours takes ${time(name)}. What is left is what a fact is besides a row: it is checked, stamped, made a line, folded, and answered to a fiber of its own (docs/decisions/0049).`
  }

const wallInTwo =
  (writers: number) =>
  ({ time }: Figures): string => {
    const { apart, moving, name, turns } = namesOf(writers, 2)
    return `one order of all commits lets one process write at a time: together two reach what one of them reaches by itself, and the second limit, inserts that move one row from one process, is what there is to reach: ${time(moving)}, where ours take ${time(name)}. Two that both append all the time keep the row for up to 16 commits each (docs/decisions/0058). With a turn for every commit, inserts that do nothing else take ${time(turns)}, the fourth limit: a change of turns wakes a process of the server, ours, and the server's again, and what was recorded meanwhile is read and folded. What each process inserts for itself, without an order between them, the server does at the same time, and flushes together: ${time(apart)}.`
  }

const goalsOf = (writers: number) => {
  const wall = wallOf(writers)
  const { boss, emmett, graphile, name, plain } = namesOf(writers)
  return [
    { subject: name, beside: plain, speed_min: 0.7, wall },
    { subject: name, beside: [emmett, boss, graphile], speed_min: 1, wall },
  ]
}

/**
 * Two processes: beside the same batches one after the other, as the commits of one log are, with and without a row that
 * keeps them in order, beside each process inserting for itself, which keeps no order between them, and beside turns at one
 * row with every batch, which do.
 */
const inTwo = (writers: number) => {
  const { apart, boss, emmett, graphile, log, moving, name, turns } = namesOf(writers, 2)
  const beside = [log, moving, apart, turns, emmett, boss, graphile]
  return [
    { name, role: "subject" as const, beside, run: work("ledger", 2, writers) },
    { name: log, role: "limit" as const, run: work("plain", 1, writers) },
    { name: moving, role: "limit" as const, run: work("ordered", 1, writers) },
    { name: apart, role: "limit" as const, run: work("plain", 2, writers) },
    { name: turns, role: "limit" as const, run: work("turns", 2, writers) },
    ...peersOf(writers, 2),
  ]
}

const goalsInTwo = (writers: number) => {
  const wall = wallInTwo(writers)
  const { apart, boss, emmett, graphile, log, name } = namesOf(writers, 2)
  return [
    { subject: name, beside: log, speed_min: 0.7, wall, besides: true as const },
    { subject: name, beside: apart, speed_min: 0.7, wall },
    { subject: name, beside: [emmett, boss, graphile], speed_min: 1, wall },
  ]
}

/** What a durable, gap-proof append costs beside the inserts alone. */
export default make({
  name: "append-postgres",
  title: "Appending to PostgreSQL, one fact per append",
  unit: "facts",
  input,
  amount: ({ facts }) => facts,
  describe: ({ facts }) =>
    `${facts} facts with a payload of 150 bytes, which is what the peers are given too, and lines of about 400; each by processes of their own, over as many connections as there are writers for the peers; PostgreSQL on this machine, every commit flushed. Only the ledger gives one gapless order of commits; emmett orders each stream, pg-boss and graphile-worker nothing`,
  subjects: [...inOne(1), ...inOne(8), ...inOne(32), ...inTwo(1), ...inTwo(4), ...inTwo(16)],
  goals: [
    ...goalsOf(1),
    ...goalsOf(8),
    ...goalsOf(32),
    ...goalsInTwo(1),
    ...goalsInTwo(4),
    ...goalsInTwo(16),
    { curve: append_postgres_history, growth_max: 1.2 },
  ],
  curves: async ({ server }, tools) => [await appendPostgresHistory(server.url, tools)],
  close: async ({ server, workers }) => {
    for (const worker of workers) worker.kill("SIGKILL")
    await server.close()
  },
})
