import { type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect } from "effect"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import { castoreStreams, emmettStreams, type Evolve } from "../eventStorePeers.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import type { PeerModules } from "../Peers.ts"
import { fill, makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

const events_count = 1_000_000
const page_records = 8192
const sealed = "sealed: seals checked, payloads decoded on use"

interface Job {
  readonly type: string
  status: "queued" | "running" | "completed"
  events: number
}
type Jobs = Map<string, Job>

interface Input {
  readonly root: string
  readonly past: string
  readonly files: ReadonlyArray<string>
  readonly lines: ReadonlyArray<string>
  readonly stores: PeerModules | undefined
}

const typeOf = (value: unknown): string => (typeof value === "string" ? value : "")

/** A queue, as far as it needs no lease: the payload is looked at where a job is accepted, and nowhere else. */
const fold = (jobs: Jobs, event: Pick<RecordedEvent, "job_id" | "event_type" | "payload">): void => {
  const { event_type, job_id } = event
  if (event_type === "job.accepted") {
    jobs.set(job_id, { type: typeOf(event.payload["job_type"]), status: "queued", events: 1 })
    return
  }
  const job = jobs.get(job_id)
  if (job === undefined) return
  job.events++
  if (event_type === "job.claimed") job.status = "running"
  else if (event_type === "job.completed") job.status = "completed"
}

const replay = (root: string, how: (store: Store) => Store["readAfter"]): Promise<Jobs> =>
  withStore(root, (store) =>
    Effect.gen(function* () {
      const jobs: Jobs = new Map()
      const read = how(store)
      for (let position = 0; ;) {
        const { covers, events, release } = yield* read(position, page_records)
        for (const event of events) fold(jobs, event)
        const next = events.at(-1)?.position ?? covers
        release?.()
        if (next <= position) return jobs
        position = next
      }
    }),
  )

const evolve: Evolve<Job> = (job, { event_type, payload }) => {
  const { events = 0, status = "queued", type = "" } = job ?? {}
  if (event_type === "job.accepted")
    return { type: typeOf("job_type" in payload ? payload.job_type : ""), status, events: 1 }
  const next = event_type === "job.claimed" ? "running" : event_type === "job.completed" ? "completed" : status
  return { type, status: next, events: events + 1 }
}

/** The same files read, parsed and folded with somebody else's event store in memory. */
const replayWith = async (
  make_streams: typeof emmettStreams | typeof castoreStreams,
  { files, stores }: { readonly files: ReadonlyArray<string>; readonly stores: PeerModules | undefined },
): Promise<ReadonlyMap<string, Job>> => {
  if (stores === undefined) return new Map()
  const events = linesOf(files).map((line) => JSON.parse(line) as RecordedEvent)
  return (await make_streams(stores, events, evolve))()
}

const linesOf = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"))

export default make<Input, ReadonlyMap<string, Job>>({
  name: "replay-jsonl",
  title: "Replaying a ledger from its files into a queue",
  unit: "events",
  input: async (_, { peers, scaled }) => {
    const root = await makeRoot()
    const past = await makeRoot()
    await fill(root, jobspecEvents(scaled(events_count)))
    const folder = join(root, ".agents", "daemon")
    cpSync(folder, join(past, ".agents", "daemon"), { recursive: true })
    for (const name of ["seals", "index"]) rmSync(join(past, ".agents", "daemon", name), { recursive: true })
    const archives = readdirSync(folder).filter((name) => name.startsWith("ledger.p"))
    const files = [...archives.toSorted(), "ledger.jsonl"].map((name) => join(folder, name))
    return { root, past, files, lines: linesOf(files), stores: peers.get("event-stores") }
  },
  amount: ({ lines }) => lines.length,
  describe: ({ lines }) =>
    `${lines.length} JobSpec-like events in files of 64 MiB, in the page cache; the peers parse each line and put it into a store in memory`,
  subjects: [
    {
      name: sealed,
      role: "subject",
      run: ({ root }) => replay(root, (store) => store.foldAfter ?? store.readAfter),
    },
    { name: "sealed: plain events", role: "subject", run: ({ root }) => replay(root, (store) => store.readAfter) },
    { name: "unsealed past: every line parsed", role: "subject", run: ({ past }) => replay(past, (s) => s.readAfter) },
    {
      name: "JSON.parse of the lines, in memory",
      role: "limit",
      run: ({ lines }) => {
        const jobs: Jobs = new Map()
        for (const line of lines) fold(jobs, JSON.parse(line) as RecordedEvent)
        return jobs
      },
    },
    {
      name: "emmett, the same files",
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(emmettStreams, input),
    },
    {
      name: "castore, the same files",
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(castoreStreams, input),
    },
  ],
  goals: [
    { subject: sealed, beside: "JSON.parse of the lines, in memory", speed_min: 2 },
    { subject: sealed, beside: ["emmett, the same files", "castore, the same files"], speed_min: 5 },
  ],
  check: (jobs, { lines }) => {
    let events = 0
    for (const job of jobs.values()) events += job.events
    if (events !== lines.length) throw new Error(`${events} events, want ${lines.length}`)
  },
  close: async ({ past, root }) => {
    await removeRoot(root)
    await removeRoot(past)
  },
})
