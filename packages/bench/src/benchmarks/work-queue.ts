import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { startFileQueue, startPostgresQueue } from "../ledgerQueues.ts"
import { type PeerQueue, startGraphile, startPgBoss } from "../queuePeers.ts"

const full_count = 256
const steps_per_job = 3
const line = `${"x".repeat(449)}\n`

type Name = "files" | "postgres" | "boss" | "graphile"

interface Input {
  readonly jobs: number
  readonly root: string
  readonly server: PostgresServer
  /** Each with how many jobs wait in it. */
  readonly queues: Map<Name, { readonly queue: PeerQueue; waiting: number }>
}

const workOff = (name: Name, workers: number) => async (input: Input) => {
  const each = input.queues.get(name)
  if (each === undefined) throw new Error(`there is no queue "${name}"`)
  const done = await each.queue.work(input.jobs, workers)
  each.waiting -= done
  return done
}

/** The least that keeps every step: one write and one flush for each step of all workers, all at once. */
const flushSteps =
  (workers: number) =>
  async ({ jobs, root }: Input) => {
    const file = await open(join(root, "steps"), "a")
    for (let step = 0; step < (jobs / workers) * steps_per_job; step++) {
      await file.write(line.repeat(workers))
      await file.datasync()
    }
    await file.close()
    return jobs
  }

const names = (workers: number) => {
  const by = workers === 1 ? "one worker" : `${workers} workers`
  return {
    files: `a ledger in files, ${by}`,
    postgres: `a ledger in PostgreSQL, ${by}`,
    flushes: `one flush per step, ${by}`,
    boss: `pg-boss, ${by}`,
    graphile: `graphile-worker, ${by}`,
  }
}

const subjects = (workers: number) => {
  const { boss, files, flushes, graphile, postgres } = names(workers)
  const needs = "queues"
  return [
    { name: files, role: "subject", beside: [flushes, boss, graphile], run: workOff("files", workers) },
    { name: postgres, role: "subject", beside: [boss, graphile], run: workOff("postgres", workers) },
    { name: flushes, role: "limit", run: flushSteps(workers) },
    { name: boss, role: "peer", needs, run: workOff("boss", workers) },
    { name: graphile, role: "peer", needs, run: workOff("graphile", workers) },
  ] as const
}

const wall =
  "graphile-worker has no heartbeat and commits twice for a job where the others commit three times, so that a queue whose commits take as long is at 0.67 beside it; a commit is a flush, and a lone worker waits for each of them (see append-jsonl-1 and append-postgres for what a commit takes beside its flush)."

const goals = (workers: number) => {
  const { boss, files, graphile, postgres } = names(workers)
  return [files, postgres].map((subject) => ({ subject, beside: [boss, graphile], speed_min: 1, wall }))
}

/** What a worker's three steps cost, each durable before the next. */
export default make<Input, number>({
  name: "work-queue",
  title: "Claim, heartbeat, complete",
  unit: "jobs",
  input: async (_, { peers, scaled }) => {
    if (findPostgres() === undefined) throw new Error("needs PostgreSQL (initdb and postgres)")
    const server = await startPostgres({ fsync: true })
    const root = await makeRoot()
    const modules = peers.get("queues")
    const queues: Input["queues"] = new Map([
      ["files", { queue: await startFileQueue(root), waiting: 0 }],
      ["postgres", { queue: await startPostgresQueue(server.url, "bench_queue"), waiting: 0 }],
    ])
    if (modules !== undefined) {
      queues.set("boss", { queue: await startPgBoss(server.url, modules), waiting: 0 })
      queues.set("graphile", { queue: await startGraphile(server.url, modules), waiting: 0 })
    }
    return { jobs: scaled(full_count, 32), root, server, queues }
  },
  amount: ({ jobs }) => jobs,
  describe: ({ jobs }) =>
    `${jobs} jobs that wait, nothing to do in them; every commit flushed. pg-boss fetches, touches and completes, one statement each; graphile-worker has no heartbeat, so that its jobs take two steps and not three, and starts its runner in every run`,
  prepare: async ({ jobs, queues }) => {
    for (const each of queues.values()) {
      if (each.waiting < jobs) await each.queue.fill(jobs - each.waiting)
      each.waiting = Math.max(each.waiting, jobs)
    }
  },
  subjects: [...subjects(1), ...subjects(16)],
  goals: [...goals(1), ...goals(16)],
  check: (done, { jobs }) => {
    if (done !== jobs) throw new Error(`${done} jobs completed, want ${jobs}`)
  },
  close: async ({ queues, root, server }) => {
    for (const { queue } of queues.values()) await queue.close()
    await server.close()
    await removeRoot(root)
  },
})
