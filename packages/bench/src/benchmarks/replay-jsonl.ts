import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect } from "effect"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { make } from "../Benchmark.ts"
import { castoreStreams, emmettStreams, type Evolve } from "../eventStorePeers.ts"
import type { Figures } from "../Goals.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { costByLength } from "../costByLength.ts"
import type { PeerModules } from "../Peers.ts"
import { evolveByHand, foldByHand, type Jobs as WholeJobs } from "../queueByHand.ts"
import { fill, makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

const events_count = 1_000_000
const history_events = [1000, 10_000, 100_000, events_count]
const page_records = 8192
const ours = "the queue view, out of sealed files"
const replaying = "replaying into the queue view"
const parsing = "JSON.parse of the lines, in memory"
const parsing_view = "JSON.parse of the lines, in memory, and the view by hand"
const payloads = "reading the files, CRC-32 of every byte, JSON.parse of each payload, told where it lies"
const [emmett, castore] = ["emmett, the same files", "castore, the same files"]
const whole_castore = "castore, the same files, all that the view keeps"

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
  /** Given back before the curve is measured: the collector would go through all of them. */
  readonly lines: Array<string>
  /** By file, where the payload of each line lies: begin and end in turns. */
  readonly places: ReadonlyArray<Int32Array>
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

const linesOf = (files: ReadonlyArray<string>): Array<string> =>
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

const payload_lead = '"payload":'

/** Where the payload of each line of a file lies: begin and end in turns. */
const placesOf = (path: string): Int32Array => {
  const text = readFileSync(path, "latin1")
  const places: Array<number> = []
  for (let line = 0; line < text.length; line = text.indexOf("\n", line) + 1)
    places.push(text.indexOf(payload_lead, line) + payload_lead.length, text.indexOf("}\n", line))
  return Int32Array.from(places)
}

/** What nobody is spared who checks every byte and looks at every payload: no event is made, and no job is kept. */
const parsePayloads = ({ expected, files, lines, places }: Input): Statuses => {
  let parsed = 0
  for (const [i, path] of files.entries()) {
    const bytes = readFileSync(path)
    if (crc32(bytes) === 0) throw new Error("the files are empty")
    const its = places[i] ?? new Int32Array()
    for (let at = 0; at < its.length; at += 2)
      if (typeof JSON.parse(bytes.toString("latin1", its[at], its[at + 1])) === "object") parsed++
  }
  if (parsed !== lines.length) throw new Error(`${parsed} payloads, want ${lines.length}`)
  return expected
}

const wall_view = ({ beside, time }: Figures): string =>
  `a view that keeps what the queue is asked for (tokens, leases, attempts) has every payload parsed. Told where each of them lies, to read the files, check every byte and parse the payloads takes ${time(payloads)}, without an event and without a job, where half of the ${time(parsing)} that JSON.parse of the lines takes is asked. A loop by hand that keeps what the view keeps, of lines that are in memory already, takes ${time(parsing_view)}. Beside it the view ${beside(ours, parsing_view)}: it also reads and checks the bytes, makes an event of each line, asks its vocabulary whether each fact is one, and minds what the loop does not.`
const wall_whole = ({ time }: Figures): string =>
  `castore takes ${time(whole_castore)}, of which JSON.parse takes ${time(parsing)}: it checks no byte, asks of no event whether it is one of its vocabulary, and its events are put by job before they are folded, so that none looks for its job.`
const wall_peers = ({ beside, time }: Figures): string =>
  `the peers check no byte and keep one status for each job; JSON.parse alone, which both do first, takes ${time(parsing)} of castore's ${time(castore)}. A reducer that keeps what the view keeps is in the table: beside that one, the view ${beside(ours, whole_castore)}.`

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
      places: files.map(placesOf),
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
      name: "like a queue, out of sealed files: payloads decoded on use",
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
      name: parsing,
      role: "limit",
      run: ({ lines }) => parsedOf(lines),
    },
    {
      name: parsing_view,
      role: "limit",
      run: ({ lines }) => viewByHand(lines),
    },
    { name: payloads, role: "limit", run: parsePayloads },
    {
      name: "reading the files, and nothing else",
      role: "limit",
      run: ({ expected, files }) => {
        if (readFiles(files) === 0) throw new Error("the files are empty")
        return expected
      },
    },
    {
      name: emmett,
      role: "peer",
      needs: "event-stores",
      run: (input) => replayWith(emmettStreams, input, evolve),
    },
    {
      name: castore,
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
    { subject: ours, beside: parsing, speed_min: 2, wall: wall_view },
    { subject: ours, beside: [emmett, castore], speed_min: 5, wall: wall_peers },
    { subject: ours, beside: whole_castore, speed_min: 1, wall: wall_whole, besides: true },
    { curve: replaying, growth_max: 1.2 },
  ],
  curves: async ({ lines }, tools) => {
    lines.length = 0
    return [await costByLength({ ...tools, name: replaying, lengths: history_events, open: (root) => queueView(root) })]
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
