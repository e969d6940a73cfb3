import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import type { Command } from "../postgresWorker.ts"

const facts = 1_536
const [schema, table] = ["bench_ledger", "bench_plain"]

interface Input {
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
const plainTable = [
  `CREATE TABLE ${table} (position bigint PRIMARY KEY, job_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, line text COLLATE "C" NOT NULL)`,
  `CREATE UNIQUE INDEX ON ${table} (event_id)`,
  `CREATE UNIQUE INDEX ON ${table} (job_id, position)`,
  `CREATE SEQUENCE ${table}_position`,
]

const input = async (): Promise<Input> => {
  if (findPostgres() === undefined) throw new Error("needs PostgreSQL (initdb and postgres)")
  // Commits wait for the disk, as they do where a ledger is kept.
  const server = await startPostgres({ fsync: true })
  const database = makeSqlPgDatabase({ url: Redacted.make(server.url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })
  await Effect.runPromise(
    Effect.scoped(Effect.flatMap(database.connect, ({ run }) => run(plainTable.map((text) => ({ text }))))),
  )
  // One after the other: the first makes the schema.
  const workers = [await startWorker(server.url, "a"), await startWorker(server.url, "b")]
  return { server, workers }
}

const work =
  (how: Command["how"], writers: number, processes: number) =>
  async ({ workers }: Input): Promise<void> => {
    await Promise.all(
      workers.slice(0, processes).map((worker) => {
        worker.send({ how, writers: writers / processes, facts: facts / processes } satisfies Command)
        return answer(worker)
      }),
    )
  }

const pair = (writers: number, processes: number) => {
  const who = `${writers} ${writers === 1 ? "writer" : "writers"}${processes === 1 ? "" : ` in ${processes} processes`}`
  const plain = `plain inserts of the same batches, ${who}`
  return [
    { name: `ledger, ${who}`, role: "subject", beside: plain, run: work("ledger", writers, processes) },
    { name: plain, role: "limit", run: work("plain", writers, processes) },
  ] as const
}

/** What a durable, gap-proof append costs beside the inserts alone. */
export default make({
  name: "append-postgres",
  title: "Appending to PostgreSQL, one fact per append",
  unit: "facts",
  input,
  amount: () => facts,
  describe: () => `${facts} facts of about 400 bytes, PostgreSQL on this machine, every commit flushed`,
  subjects: [...pair(1, 1), ...pair(8, 1), ...pair(32, 1), ...pair(8, 2), ...pair(32, 2)],
  close: async ({ server, workers }) => {
    for (const worker of workers) worker.kill("SIGKILL")
    await server.close()
  },
})
