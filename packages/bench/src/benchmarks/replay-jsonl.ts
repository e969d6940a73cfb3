import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type RecordedEvent, type Store } from "@waybill/ledger"
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
const ours = "the queue view, out of sealed files"
const loop = "like a queue, out of sealed files: payloads decoded on use"

const { queue } = JobSpec.make().projections

interface Job {
  readonly type: string
  status: "queued" | "running" | "completed"
  events: number
}
type Jobs = Map<string, Job>

/** How each job stands. */
type Statuses = ReadonlyMap<string, string>

const statusesOf = (jobs: Iterable<readonly [string, { readonly status: string }]>): Statuses => {
  const statuses = new Map<string, string>()
  for (const [id, { status }] of jobs) statuses.set(id, status)
  return statuses
}

interface Input {
  readonly root: string
  readonly past: string
  readonly files: ReadonlyArray<string>
  readonly lines: ReadonlyArray<string>
  readonly jobs: number
  readonly stores: PeerModules | undefined
}

/** What a program does that asks a ledger for the queue and has no checkpoint. */
const queueView = (root: string): Promise<Statuses> =>
  withStore(root, (store) =>
    Effect.scoped(
      Effect.flatMap(Ledger.make(store, vocabularies), (ledger) =>
        ledger.query(queue, (view) => statusesOf(view.entries())),
      ),
    ),
  )

/** Like a queue, as far as it needs no lease: the payload is looked at where a job is accepted, and nowhere else. */
const fold = (
  jobs: Jobs,
  { event_type, job_id, payload }: Pick<RecordedEvent, "job_id" | "event_type" | "payload">,
) => {
  if (event_type === "job.accepted") {
    const type = payload["job_type"]
    jobs.set(job_id, { type: typeof type === "string" ? type : "", status: "queued", events: 1 })
    return
  }
  const job = jobs.get(job_id)
  if (job === undefined) return
  job.events++
  if (event_type === "job.claimed") job.status = "running"
  else if (event_type === "job.completed") job.status = "completed"
}

/** The reading, and that loop in place of a projection. */
const looped = (root: string, how: (store: Store) => Store["readAfter"]): Promise<Statuses> =>
  withStore(root, (store) =>
    Effect.gen(function* () {
      const jobs: Jobs = new Map()
      const read = how(store)
      for (let position = 0; ;) {
        const { covers, events, release } = yield* read(position, page_records)
        for (const event of events) fold(jobs, event)
        const next = events.at(-1)?.position ?? covers
        release?.()
        if (next <= position) return statusesOf(jobs)
        position = next
      }
    }),
  )

const status_after: Readonly<Record<string, string>> = {
  "job.accepted": "queued",
  "job.claimed": "running",
  "job.heartbeat": "running",
  "job.completed": "completed",
}
const evolve: Evolve<{ readonly status: string }> = (job, { event_type }) => ({
  ...job,
  status: status_after[event_type] ?? job?.status ?? "queued",
})

/** The same files read, parsed and folded with somebody else's event store in memory. */
const replayWith = async (
  make_streams: typeof emmettStreams | typeof castoreStreams,
  { files, stores }: { readonly files: ReadonlyArray<string>; readonly stores: PeerModules | undefined },
): Promise<Statuses> => {
  if (stores === undefined) return new Map()
  const events = linesOf(files).map((line) => JSON.parse(line) as RecordedEvent)
  return statusesOf(await (await make_streams(stores, events, evolve))())
}

const linesOf = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"))

export default make<Input, Statuses>({
  name: "replay-jsonl",
  title: "Replaying a ledger from its files into the queue view",
  unit: "events",
  input: async (_, { peers, scaled }) => {
    const root = await makeRoot()
    const past = await makeRoot()
    const events = jobspecEvents(scaled(events_count))
    await fill(root, events)
    const folder = join(root, ".agents", "daemon")
    cpSync(folder, join(past, ".agents", "daemon"), { recursive: true })
    for (const name of ["seals", "index"]) rmSync(join(past, ".agents", "daemon", name), { recursive: true })
    const archives = readdirSync(folder).filter((name) => name.startsWith("ledger.p"))
    const files = [...archives.toSorted(), "ledger.jsonl"].map((name) => join(folder, name))
    return {
      root,
      past,
      files,
      lines: linesOf(files),
      jobs: new Set(events.map(({ job_id }) => job_id)).size,
      stores: peers.get("event-stores"),
    }
  },
  amount: ({ lines }) => lines.length,
  describe: ({ lines }) =>
    `${lines.length} JobSpec-like events in files of 64 MiB, in the page cache; the peers parse each line and put it into a store in memory`,
  subjects: [
    { name: ours, role: "subject", run: ({ root }) => queueView(root) },
    {
      name: loop,
      role: "subject",
      run: ({ root }) => looped(root, (store) => store.foldAfter ?? store.readAfter),
    },
    {
      name: "like a queue, out of sealed files: plain events",
      role: "subject",
      run: ({ root }) => looped(root, (store) => store.readAfter),
    },
    {
      name: "like a queue, out of an unsealed past: every line parsed",
      role: "subject",
      run: ({ past }) => looped(past, (store) => store.readAfter),
    },
    {
      name: "JSON.parse of the lines, in memory",
      role: "limit",
      run: ({ lines }) => {
        const jobs: Jobs = new Map()
        for (const line of lines) fold(jobs, JSON.parse(line) as RecordedEvent)
        return statusesOf(jobs)
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
    { subject: loop, beside: "JSON.parse of the lines, in memory", speed_min: 2 },
    { subject: ours, beside: "JSON.parse of the lines, in memory", speed_min: 2 },
    { subject: ours, beside: ["emmett, the same files", "castore, the same files"], speed_min: 5 },
  ],
  check: (statuses, { jobs }) => {
    if (statuses.size !== jobs) throw new Error(`${statuses.size} jobs, want ${jobs}`)
    const completed = [...statuses.values()].filter((status) => status === "completed").length
    if (completed < jobs - 64) throw new Error(`${completed} of ${jobs} jobs are completed`)
  },
  close: async ({ past, root }) => {
    await removeRoot(root)
    await removeRoot(past)
  },
})
