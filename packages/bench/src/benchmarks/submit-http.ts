import { cp } from "node:fs/promises"
import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import { type Conditions, make } from "../Benchmark.ts"
import type { Figures } from "../Goals.ts"
import { type Connection, load, openConnection, requestText } from "../httpLoad.ts"
import { spreadOf } from "../Harness.ts"
import { mediansAt, timesInTurns } from "../inTurns.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "../jsonlFolder.ts"
import { sql } from "../postgresHistory.ts"
import {
  type RunningServer,
  startBareServer,
  startJobspecServer,
  startLedgerServer,
  startPeerServer,
  writeJobs,
} from "../jobspecServer.ts"
import type { Curve } from "../Report.ts"

const submissions_count = 1024
/** A server that has run for a while is what is measured: its code is compiled by then. */
const warming_count = 20_000
/** As many jobs lie in the ledger of another server of ours, and in the tables of other servers of each peer's. */
const jobs_count = 100_000
const kinds = ["pg-boss", "graphile-worker"] as const
type Kind = (typeof kinds)[number]
type Peer = Kind | `${Kind}, full`

interface Input {
  readonly submissions: number
  /** How many each server had taken before. */
  readonly warming: number
  /** How many jobs lie behind those that are full. */
  readonly jobs: number
  readonly postgres: PostgresServer | undefined
  readonly peers: ReadonlyMap<Peer, RunningServer>
  readonly roots: Array<string>
  readonly ours: RunningServer
  readonly full: RunningServer
  readonly bare: RunningServer
  readonly ledger: RunningServer
  readonly connections: Map<string, ReadonlyArray<Connection>>
  /** Set once they are being stopped. */
  stopped?: Promise<void>
}

const body = JSON.stringify({ job_type: "rpi.run", payload: { goal: "make the report", test_first: true } })

const connectionsTo = async ({ connections }: Input, { url }: RunningServer, count: number) => {
  const key = `${url} ${count}`
  const known = connections.get(key) ?? (await Promise.all(Array.from({ length: count }, () => openConnection(url))))
  connections.set(key, known)
  return known
}

const own = ["ours", "full", "bare", "ledger"] as const
type Own = (typeof own)[number]
const isOwn = (which: Own | Peer): which is Own => own.some((each) => each === which)

const submit = (which: Own | Peer, connections: number) => async (input: Input) => {
  const server = isOwn(which) ? input[which] : input.peers.get(which)
  if (server === undefined) throw new Error("needs PostgreSQL (initdb and postgres)")
  const { submissions } = input
  const request = requestText("POST", "/v1/jobs", server.token, body)
  return (await load(await connectionsTo(input, server, connections), submissions, 202, () => request)) === submissions
}

const namesOver = (connections: number) => {
  const over = connections === 1 ? "one connection" : `${connections} connections`
  return {
    ours: `submissions, ${over}`,
    full: `submissions, ${over}, behind many jobs`,
    bare: `a bare server, ${over}`,
    ledger: `the ledger's queue behind a bare server, ${over}`,
    boss: `pg-boss behind a bare server, ${over}`,
    graphile: `graphile-worker behind a bare server, ${over}`,
    fullBoss: `pg-boss behind a bare server, ${over}, with many jobs`,
    fullGraphile: `graphile-worker behind a bare server, ${over}, with many jobs`,
  }
}

const subjectsOver = (connections: number) => {
  const { bare, boss, full, fullBoss, fullGraphile, graphile, ledger, ours } = namesOver(connections)
  const needs = "queues"
  return [
    { name: ours, role: "subject", beside: [bare, ledger, boss, graphile], run: submit("ours", connections) },
    { name: full, role: "subject", beside: [ours, bare, fullBoss, fullGraphile], run: submit("full", connections) },
    { name: bare, role: "limit", run: submit("bare", connections) },
    { name: ledger, role: "limit", run: submit("ledger", connections) },
    { name: boss, role: "peer", needs, run: submit("pg-boss", connections) },
    { name: graphile, role: "peer", needs, run: submit("graphile-worker", connections) },
    { name: fullBoss, role: "peer", needs, run: submit("pg-boss, full", connections) },
    { name: fullGraphile, role: "peer", needs, run: submit("graphile-worker, full", connections) },
  ] as const
}

const wallOver =
  (connections: number) =>
  ({ time }: Figures): string => {
    const { bare, ledger, ours } = namesOver(connections)
    return `the ledger's queue behind a bare server, which decides, makes the line, folds and flushes, and has no routes, tokens and answers, takes ${time(ledger)} of our ${time(ours)}; the bare server takes ${time(bare)}. What a commit takes beside its flush: append-jsonl-1 and append-jsonl-64.`
  }

/** Beside a library that has PostgreSQL do its part, in processes of its own. */
const wallBeside =
  (isFull: boolean) =>
  ({ time }: Figures): string => {
    const { bare, boss, full, fullBoss, fullGraphile, graphile, ledger, ours } = namesOver(64)
    const [mine, ...theirs] = isFull ? [full, fullBoss, fullGraphile] : [ours, boss, graphile]
    return `ours, ${time(mine)}, is all the work of the process that serves: who asks is found by a token, the queue's state decides, the fact is made a line of a chain and folded, and the answer tells the job; the ledger's queue behind a bare server, which has the decision, the line and the fold alone, takes ${time(ledger)}. A library's insert (pg-boss and graphile-worker: ${theirs.map(time).join(" and ")}) looks for nobody, reads no state and is answered by a constant, and about half of its processor time (utime and stime of all processes) is PostgreSQL's, beside the process that serves, whose own is hardly more than the bare server's, which takes ${time(bare)}.`
  }

const wallOfHistory = ({ last, time }: Figures): string =>
  `no step of a submission is known to cost more behind many jobs: asked one after the other, with nobody else at work, one takes ${last("one submission")} ms at the end of its curve below, which is as flat as it says there. Over 64 connections the two servers took ${time(namesOver(64).ours)} and ${time(namesOver(64).full)}.`

const goalsOver = (connections: number) => {
  const { bare, boss, full, fullBoss, fullGraphile, graphile, ours } = namesOver(connections)
  const alone = wallOver(connections)
  return [
    { subject: ours, beside: bare, speed_min: 0.5, wall: alone },
    { subject: full, beside: ours, speed_min: 0.9, wall: wallOfHistory },
    { subject: ours, beside: [boss, graphile], speed_min: 1, wall: connections === 1 ? alone : wallBeside(false) },
    {
      subject: full,
      beside: [fullBoss, fullGraphile],
      speed_min: 1,
      wall: connections === 1 ? alone : wallBeside(true),
    },
  ]
}

/** The peers keep their jobs in one PostgreSQL server, every commit flushed; those that are full, in a database of their own. */
const startPeers = async ({ peers }: Conditions, jobs: number): Promise<Pick<Input, "peers" | "postgres">> => {
  const modules = peers.get("queues")
  if (modules === undefined || findPostgres() === undefined) return { peers: new Map(), postgres: undefined }
  const postgres = await startPostgres({ fsync: true, settings: { max_connections: "300" } })
  await sql(postgres.url, "CREATE DATABASE full_of_jobs")
  const full = new URL("/full_of_jobs", postgres.url).href
  const started = kinds.flatMap((kind) => [
    startPeerServer(kind, postgres.url, modules).then((server) => [kind, server] as const),
    startPeerServer(kind, full, modules, jobs).then((server) => [`${kind}, full`, server] as const),
  ])
  return { peers: new Map<Peer, RunningServer>(await Promise.all(started)), postgres }
}

const asked = {
  submit: ["POST", "/v1/jobs", body, 202],
  ready: ["GET", "/v1/ready", "", 200],
  job: ["GET", "/waybill/v1/jobs/job_rpi_000050", "", 200],
} as const
type Asked = keyof typeof asked
const curve_names = [
  ["one submission", "submit"],
  ["/v1/ready", "ready"],
  ["one job's status", "job"],
] as const satisfies ReadonlyArray<readonly [string, Asked]>

const rounds_count = 50
const warming_asked_count = 100
/** How many requests make a round: of those that are answered at once ten times as many, which take as long together. */
const asked_counts: Readonly<Record<Asked, number>> = { submit: 20, ready: 20, job: 200 }

interface Filled {
  readonly connection: Connection
  readonly requests: Readonly<Record<Asked, string>>
  readonly stop: () => Promise<void>
}

/** A server over a copy of a root that holds events of a queue. */
const startFilled = async (filled: string): Promise<Filled> => {
  const root = await makeRoot()
  await cp(filled, root, { recursive: true })
  const server = await startJobspecServer(root)
  const connection = await openConnection(server.url)
  const request = (of: Asked) => requestText(asked[of][0], asked[of][1], server.token, asked[of][2])
  return {
    connection,
    requests: { submit: request("submit"), ready: request("ready"), job: request("job") },
    stop: async () => {
      connection.close()
      await server.stop()
      await removeRoot(root)
    },
  }
}

const askAgain = async ({ connection, requests }: Filled, what: Asked, count: number, now: () => number) => {
  const times: Array<number> = []
  for (let n = 0; n < count; n++) {
    const start = now()
    const status = await connection.ask(requests[what])
    times.push(now() - start)
    if (status !== asked[what][3]) throw new Error(`${asked[what][1]} was answered ${status}, want ${asked[what][3]}`)
  }
  return times
}

/** Stops whatever submissions were measured at. */
const stopServers = (input: Input): Promise<void> => {
  const stop = async ({ bare, connections, full, ledger, ours, peers, postgres, roots }: Input) => {
    for (const each of connections.values()) for (const { close } of each) close()
    for (const server of [ours, full, bare, ledger, ...peers.values()]) await server.stop()
    await postgres?.close()
    for (const root of roots) await removeRoot(root)
  }
  return (input.stopped ??= stop(input))
}

/** What HTTP and the queue cost beside the flush and Node's own server. */
export default make<Input, boolean>({
  name: "submit-http",
  title: "Durable submissions over HTTP",
  unit: "submissions",
  input: async (_, conditions) => {
    const roots = [await makeRoot(), await makeRoot(), await makeRoot(), await makeRoot()]
    const jobs = conditions.scaled(jobs_count, 64)
    const warming = conditions.scaled(warming_count, 64)
    await writeJobs(roots[3] ?? "", jobs)
    const input: Input = {
      roots,
      ours: await startJobspecServer(roots[0] ?? ""),
      full: await startJobspecServer(roots[3] ?? ""),
      bare: await startBareServer(roots[1] ?? ""),
      ledger: await startLedgerServer(roots[2] ?? ""),
      connections: new Map(),
      submissions: warming,
      warming,
      jobs,
      ...(await startPeers(conditions, jobs)),
    }
    for (const which of [...own, ...input.peers.keys()]) await submit(which, 64)(input)
    return { ...input, submissions: conditions.scaled(submissions_count, 64) }
  },
  amount: ({ submissions }) => submissions,
  describe: ({ jobs, submissions, warming }) =>
    `${submissions} submissions over connections that stay, to servers that have taken ${warming} before, one of ours behind ${jobs} jobs of another implementation, and one of each peer's with as many in its tables; the bare server parses the body, writes a line of 450 bytes, flushes it with whatever waits, and answers a constant; before the ledger's queue it decides and records as our server does, without its routes, tokens and answers. The peers stand behind that same server, in PostgreSQL: whatever waits is added in one call of theirs (pg-boss: insert, graphile-worker: addJobs), which is one statement and one commit, one after the other, every commit flushed, and is answered after it; they know nothing of keys, requests or a history`,
  subjects: [...subjectsOver(64), ...subjectsOver(1)],
  goals: [...goalsOver(64), ...goalsOver(1), ...curve_names.map(([curve]) => ({ curve, growth_max: 1.2 }))],
  check: (isGood) => {
    if (!isGood) throw new Error("not every submission was answered 202")
  },
  curves: async (input, { collectGarbage, now, progress, scaled }) => {
    // Libraries look for jobs to be done even where nothing is asked of them.
    await stopServers(input)
    const servers: Array<Filled> = []
    const lengths = [1000, 10_000, 100_000, 1_000_000].map((full) => scaled(full, 300))
    const events = jobspecEvents(lengths.at(-1) ?? 0)
    const root = await makeRoot()
    let filled = 0
    try {
      for (const length of lengths) {
        progress(`starting a server with ${length} events`)
        await fill(root, events.slice(filled, length))
        filled = length
        servers.push(await startFilled(root))
      }
      const curves: Array<Curve> = []
      for (const [name, what] of curve_names) {
        for (const server of servers) await askAgain(server, what, warming_asked_count, now)
        const turns = servers.map((server) => ({
          round: async () => spreadOf(await askAgain(server, what, asked_counts[what], now)).median,
        }))
        const words = `${name}, ${lengths.join(", ")} events`
        const times = await timesInTurns(turns, rounds_count, words, { collectGarbage, progress })
        const y = `ms, the median of ${rounds_count} rounds of ${asked_counts[what]} requests`
        curves.push({ name, x: "events", y, points: mediansAt(lengths, times) })
      }
      return curves
    } finally {
      for (const { stop } of servers) await stop()
      await removeRoot(root)
    }
  },
  close: stopServers,
})
