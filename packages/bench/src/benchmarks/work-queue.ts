import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { startFileQueue, startPostgresQueue } from "../ledgerQueues.ts"
import { sql } from "../postgresHistory.ts"
import { queue_histories, queueHistories } from "../queueHistory.ts"
import { type PeerQueue, startGraphile, startPgBoss } from "../queuePeers.ts"

const full_count = 256
const line = `${"x".repeat(449)}\n`

/** As many jobs graphile-worker claims by one commit where it has a local queue: its documentation asks for many more than workers if tasks are short. */
const local_queue_size = 64

type Name = "files" | "postgres" | "boss" | "graphile" | "local"

interface Input {
  readonly jobs: number
  readonly root: string
  readonly server: PostgresServer
  /** Each with how many jobs wait in it. */
  readonly queues: Map<Name, { readonly queue: PeerQueue; waiting: number }>
}

const workOff = (name: Name, workers: number, hasHeartbeat?: boolean) => async (input: Input) => {
  const each = input.queues.get(name)
  if (each === undefined) throw new Error(`there is no queue "${name}"`)
  const done = await each.queue.work(input.jobs, workers, hasHeartbeat)
  each.waiting -= done
  return done
}

/** The least that keeps every step: one write and one flush for each step of all workers, all at once. */
const flushSteps =
  (workers: number, steps_per_job: number) =>
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
    filesAlone: `a ledger in files, no heartbeat, ${by}`,
    postgresAlone: `a ledger in PostgreSQL, no heartbeat, ${by}`,
    three: `one flush per step, ${by}`,
    two: `two flushes per job, ${by}`,
    boss: `pg-boss, ${by}`,
    graphile: `graphile-worker, ${by}`,
    local: `graphile-worker, local queue, ${by}`,
  }
}

const subjects = (workers: number) => {
  const { boss, files, filesAlone, graphile, local, postgres, postgresAlone, three, two } = names(workers)
  const needs = "queues"
  return [
    { name: files, role: "subject", beside: [three, two, boss, graphile], run: workOff("files", workers) },
    { name: postgres, role: "subject", beside: [boss, graphile], run: workOff("postgres", workers) },
    { name: filesAlone, role: "subject", beside: [graphile, local], run: workOff("files", workers, false) },
    { name: postgresAlone, role: "subject", beside: [graphile, local], run: workOff("postgres", workers, false) },
    { name: three, role: "limit", run: flushSteps(workers, 3) },
    { name: two, role: "limit", run: flushSteps(workers, 2) },
    { name: boss, role: "peer", needs, run: workOff("boss", workers) },
    { name: graphile, role: "peer", needs, run: workOff("graphile", workers) },
    { name: local, role: "peer", needs, run: workOff("local", workers) },
  ] as const
}

const wall =
  "graphile-worker has no heartbeat: it takes a job and ends it, two commits, and goes on to the next job before the end of the last one is durable, so that two commits are under way at a time. A ledger's worker waits for each of its two: the heartbeat, and a job's end together with the next claim; without heartbeats, which is a row of its own, for one. What one commit takes beside its flush: append-jsonl-1, append-jsonl-16 and append-postgres."

const goals = (workers: number) => {
  const { boss, files, filesAlone, graphile, postgres, postgresAlone } = names(workers)
  return [
    ...[files, postgres].map((subject) => ({ subject, beside: [boss, graphile], speed_min: 1, wall })),
    // The same steps as theirs: no heartbeat on either side.
    ...[filesAlone, postgresAlone].map((subject) => ({
      subject,
      beside: graphile,
      speed_min: 1,
      wall,
      besides: true as const,
    })),
  ]
}

/** What a worker's three steps cost, every commit flushed; a ledger and pg-boss wait for each before the next. */
export default make<Input, number>({
  name: "work-queue",
  title: "Claim, heartbeat, complete",
  unit: "jobs",
  input: async (_, { peers, scaled }) => {
    if (findPostgres() === undefined) throw new Error("needs PostgreSQL (initdb and postgres)")
    const server = await startPostgres({ fsync: true, settings: { max_connections: "200" } })
    const root = await makeRoot()
    const modules = peers.get("queues")
    const queues: Input["queues"] = new Map([
      ["files", { queue: await startFileQueue(root), waiting: 0 }],
      ["postgres", { queue: await startPostgresQueue(server.url, "bench_queue"), waiting: 0 }],
    ])
    if (modules !== undefined) {
      queues.set("boss", { queue: await startPgBoss(server.url, modules), waiting: 0 })
      queues.set("graphile", { queue: await startGraphile(server.url, modules), waiting: 0 })
      await sql(server.url, "CREATE DATABASE local_queue")
      const beside = new URL("/local_queue", server.url).href
      queues.set("local", { queue: await startGraphile(beside, modules, local_queue_size), waiting: 0 })
    }
    return { jobs: scaled(full_count, 32), root, server, queues }
  },
  amount: ({ jobs }) => jobs,
  describe: ({ jobs }) =>
    `${jobs} jobs that wait, nothing to do in them; every commit flushed. Workers on a ledger claim, send a heartbeat, and end a job in the commit that claims the next one, as the runtime's workers do. pg-boss fetches, touches and completes, one statement and one commit each; graphile-worker has no heartbeat, so that its jobs take two commits, starts its runner in every run, and takes the next job without waiting until the end of the one before is committed (each run waits until all are), so that after a crash it works about one job of each worker again; the ledger without heartbeats does the same steps. With a local queue graphile-worker claims ${local_queue_size} jobs by one commit and runs through them while their ends are under way: after a crash all of these may be worked again, and those that nobody began stay locked for hours. That is another durability, so it is shown, and no goal is set by it; its ends in batches (completeJobBatchDelay), which are not even sent when the next job begins, are left out`,
  prepare: async ({ jobs, queues }) => {
    for (const each of queues.values()) {
      if (each.waiting < jobs) await each.queue.fill(jobs - each.waiting)
      each.waiting = Math.max(each.waiting, jobs)
    }
  },
  subjects: [...subjects(1), ...subjects(16)],
  goals: [...goals(1), ...goals(16), ...Object.values(queue_histories).map((curve) => ({ curve, growth_max: 1.2 }))],
  curves: ({ server }, tools) => queueHistories(server.url, tools),
  check: (done, { jobs }) => {
    if (done !== jobs) throw new Error(`${done} jobs completed, want ${jobs}`)
  },
  close: async ({ queues, root, server }) => {
    for (const { queue } of queues.values()) await queue.close()
    await server.close()
    await removeRoot(root)
  },
})
