import { make } from "../Benchmark.ts"
import { type Connection, load, openConnection, requestText } from "../httpLoad.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { type RunningServer, startBareServer, startJobspecServer, writeJobs } from "../jobspecServer.ts"

const submissions = 1024

interface Input {
  readonly roots: Array<string>
  readonly ours: RunningServer
  readonly bare: RunningServer
  readonly connections: Map<string, ReadonlyArray<Connection>>
}

const body = JSON.stringify({ job_type: "rpi.run", payload: { goal: "make the report", test_first: true } })

const connectionsTo = async ({ connections }: Input, { url }: RunningServer, count: number) => {
  const key = `${url} ${count}`
  const known = connections.get(key) ?? (await Promise.all(Array.from({ length: count }, () => openConnection(url))))
  connections.set(key, known)
  return known
}

const submit = (which: "ours" | "bare", connections: number) => async (input: Input) => {
  const server = input[which]
  const request = requestText("POST", "/v1/jobs", server.token, body)
  return (await load(await connectionsTo(input, server, connections), submissions, 202, () => request)) === submissions
}

const pair = (connections: number) => {
  const over = connections === 1 ? "one connection" : `${connections} connections`
  const bare = `a bare server, ${over}`
  return [
    { name: `submissions, ${over}`, role: "subject", beside: [bare], run: submit("ours", connections) },
    { name: bare, role: "limit", run: submit("bare", connections) },
  ] as const
}

const middle = (times: ReadonlyArray<number>): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

/** What one request costs with so many jobs in the ledger: the median of many, in ms. */
const costWith = async (jobs: number, now: () => number) => {
  const root = await makeRoot()
  await writeJobs(root, jobs)
  const server = await startJobspecServer(root)
  const connection = await openConnection(server.url)
  const cost = async (method: string, path: string, sent: string): Promise<number> => {
    const times: Array<number> = []
    const request = requestText(method, path, server.token, sent)
    for (let n = 0; n < 300; n++) {
      const start = now()
      await connection.ask(request)
      if (n >= 100) times.push(now() - start)
    }
    return Math.round(middle(times) * 1000) / 1000
  }
  const costs = {
    submit: await cost("POST", "/v1/jobs", body),
    ready: await cost("GET", "/v1/ready", ""),
    job: await cost("GET", "/waybill/v1/jobs/job_rpi_run_000050", ""),
  }
  connection.close()
  await server.stop()
  await removeRoot(root)
  return costs
}

/** What HTTP and the queue cost beside the flush and Node's own server. */
export default make<Input, boolean>({
  name: "submit-http",
  title: "Durable submissions over HTTP",
  unit: "submissions",
  input: async () => {
    const roots = [await makeRoot(), await makeRoot()]
    return {
      roots,
      ours: await startJobspecServer(roots[0] ?? ""),
      bare: await startBareServer(roots[1] ?? ""),
      connections: new Map(),
    }
  },
  amount: () => submissions,
  describe: () =>
    `${submissions} submissions over connections that stay; the bare server parses the body, writes a line of 450 bytes, flushes it with whatever waits, and answers a constant`,
  subjects: [...pair(64), ...pair(1)],
  check: (isGood) => {
    if (!isGood) throw new Error("not every submission was answered 202")
  },
  curves: async (_, { now, progress }) => {
    const points: Record<"submit" | "ready" | "job", Array<{ x: number; y: number }>> = {
      submit: [],
      ready: [],
      job: [],
    }
    for (const jobs of [100, 10_000, 100_000]) {
      progress(`one request with ${jobs} jobs`)
      const costs = await costWith(jobs, now)
      for (const name of ["submit", "ready", "job"] as const) points[name].push({ x: jobs, y: costs[name] })
    }
    return [
      { name: "one submission", x: "jobs", y: "ms (median)", points: points.submit },
      { name: "/v1/ready", x: "jobs", y: "ms (median)", points: points.ready },
      { name: "one job's status", x: "jobs", y: "ms (median)", points: points.job },
    ]
  },
  close: async ({ bare, connections, ours, roots }) => {
    for (const each of connections.values()) for (const { close } of each) close()
    await ours.stop()
    await bare.stop()
    for (const root of roots) await removeRoot(root)
  },
})
