import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect } from "effect"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { make } from "../Benchmark.ts"
import { castoreStreams, emmettStreams, type Evolve } from "../eventStorePeers.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import type { PeerModules } from "../Peers.ts"
import { evolveByHand, foldByHand, type Jobs as WholeJobs } from "../queueByHand.ts"
import { fill, makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

const events_count = 1_000_000
const history_events = [1000, 10_000, 100_000, events_count]
/** The fastest of so many is a point of the curve. */
const curve_runs = 3
const page_records = 8192
const ours = "the queue view, out of sealed files"
const whole_castore = "castore, the same files, all that the view keeps"
const loop = "like a queue, out of sealed files: payloads decoded on use"

const {
  jobTypes: types,
  projections: { queue },
} = JobSpec.make()

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
  /** Where each first event's payload lies: by file, begin and end in turns. */
  readonly firsts: ReadonlyArray<Float64Array>
  readonly jobs: number
  readonly expected: Statuses
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
const fold = (jobs: Jobs, event: Pick<RecordedEvent, "job_id" | "event_type" | "payload">) => {
  const { event_type, job_id } = event
  if (event_type === "job.accepted") {
    const type = event.payload["job_type"]
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
const replayWith = async <S extends { readonly status: string }>(
  make_streams: typeof emmettStreams | typeof castoreStreams,
  { files, stores }: { readonly files: ReadonlyArray<string>; readonly stores: PeerModules | undefined },
  reducer: Evolve<S>,
): Promise<Statuses> => {
  if (stores === undefined) return new Map()
  const events = linesOf(files).map((line) => JSON.parse(line) as RecordedEvent)
  return statusesOf(await (await make_streams(stores, events, reducer))())
}

const readFiles = (files: ReadonlyArray<string>): number =>
  files.reduce((sum, path) => sum + readFileSync(path).length, 0)

const linesOf = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"))

const parsedOf = (lines: ReadonlyArray<string>): Statuses => {
  const jobs: Jobs = new Map()
  for (const line of lines) fold(jobs, JSON.parse(line) as RecordedEvent)
  return statusesOf(jobs)
}

/** The view's fields kept by hand; positions are counted, since a line tells none. */
const viewByHand = (lines: ReadonlyArray<string>): Statuses => {
  const jobs: WholeJobs = new Map()
  for (const [i, line] of lines.entries())
    foldByHand(jobs, { ...(JSON.parse(line) as RecordedEvent), position: i + 1 }, types)
  return statusesOf(jobs)
}

const accepted = Buffer.from('"event_type":"job.accepted"')
const payload_lead = Buffer.from('"payload":')

const firstsOf = (path: string): Float64Array => {
  const bytes = readFileSync(path)
  const places: Array<number> = []
  for (let at = bytes.indexOf(accepted); at >= 0; at = bytes.indexOf(accepted, at + 1))
    places.push(bytes.indexOf(payload_lead, at) + payload_lead.length, bytes.indexOf("}\n", at))
  return Float64Array.from(places)
}

/** What nobody is spared who checks every byte and looks at the first events' payloads, told where they lie: no event is made. */
const leastOf = ({ expected, files, firsts }: Input): Statuses => {
  let parsed = 0
  for (const [i, path] of files.entries()) {
    const bytes = readFileSync(path)
    if (crc32(bytes) === 0) throw new Error("the files are empty")
    const places = firsts[i] ?? new Float64Array()
    for (let n = 0; n < places.length; n += 2)
      if (typeof JSON.parse(bytes.toString("latin1", places[n], places[n + 1])) === "object") parsed++
  }
  if (parsed !== expected.size) throw new Error(`${parsed} first events, want ${expected.size}`)
  return expected
}

const wall_view =
  "a view that keeps what the queue is asked for has every payload parsed and every job kept: a loop by hand that does no more than that, with the lines in memory already, is measured beside it. Of the view's own processor time, parsing payloads takes 23 %, cutting four texts out of each line 19 %, the collector 17 %, the fold 17 %, the checksum over every byte 5 %."
const wall_loop =
  "who reads the files, checks every byte and parses the first events' payloads, told where they lie, and makes no event at all, is hardly twice as fast as JSON.parse of the lines: measured beside it."
const wall_peers =
  "the peers check no bytes, and most of their time is JSON.parse, so that five times as fast is faster than parsing; these reducers keep a status alone. One that keeps what the view keeps is measured beside it."

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
    const lines = linesOf(files)
    return {
      root,
      past,
      files,
      lines,
      firsts: files.map(firstsOf),
      expected: parsedOf(lines),
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
      run: ({ lines }) => parsedOf(lines),
    },
    {
      name: "JSON.parse of the lines, in memory, and the view by hand",
      role: "limit",
      run: ({ lines }) => viewByHand(lines),
    },
    {
      name: "reading the files, CRC-32 of every byte, JSON.parse of the first payloads",
      role: "limit",
      run: leastOf,
    },
    {
      name: "reading the files, and nothing else",
      role: "limit",
      run: ({ expected, files }) => {
        if (readFiles(files) === 0) throw new Error("the files are empty")
        return expected
      },
    },
    {
      name: "emmett, the same files",
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(emmettStreams, input, evolve),
    },
    {
      name: "castore, the same files",
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(castoreStreams, input, evolve),
    },
    {
      name: whole_castore,
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(castoreStreams, input, evolveByHand(types)),
    },
  ],
  goals: [
    { subject: loop, beside: "JSON.parse of the lines, in memory", speed_min: 2, wall: wall_loop },
    { subject: ours, beside: "JSON.parse of the lines, in memory", speed_min: 2, wall: wall_view },
    {
      subject: ours,
      beside: ["emmett, the same files", "castore, the same files"],
      speed_min: 5,
      wall: wall_peers,
    },
    { subject: ours, beside: whole_castore, speed_min: 1 },
    { curve: "replaying into the queue view", growth_max: 1.2 },
  ],
  curves: async ({ root: whole_root }, { now, progress, scaled }) => {
    const points = []
    for (const full of history_events) {
      const events = scaled(full)
      progress(`replaying ${events} events`)
      const root = full === events_count ? whole_root : await makeRoot()
      if (root !== whole_root) await fill(root, jobspecEvents(events))
      const times: Array<number> = []
      for (let run = 0; run < curve_runs; run++) {
        const started = now()
        await queueView(root)
        times.push(now() - started)
      }
      points.push({ x: events, y: Number(((Math.min(...times) / events) * 1000).toPrecision(3)) })
      if (root !== whole_root) await removeRoot(root)
    }
    return [
      {
        name: "replaying into the queue view",
        x: "events",
        y: `µs for each event, the fastest of ${curve_runs} runs`,
        points,
      },
    ]
  },
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
