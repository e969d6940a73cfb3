import { type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect } from "effect"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { fill, makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

const events_count = 1_000_000
const page_records = 8192

interface Job {
  readonly type: string
  status: "queued" | "running" | "completed"
  events: number
}
type Jobs = Map<string, Job>

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

export default make({
  name: "replay-jsonl",
  title: "Replaying a ledger from its files into a queue",
  unit: "events",
  input: async () => {
    const root = await makeRoot()
    const past = await makeRoot()
    await fill(root, jobspecEvents(events_count))
    const folder = join(root, ".agents", "daemon")
    cpSync(folder, join(past, ".agents", "daemon"), { recursive: true })
    for (const name of ["seals", "index"]) rmSync(join(past, ".agents", "daemon", name), { recursive: true })
    const archives = readdirSync(folder).filter((name) => name.startsWith("ledger.p"))
    const files = [...archives.toSorted(), "ledger.jsonl"]
    const lines = files.flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
    return { root, past, lines }
  },
  amount: ({ lines }) => lines.length,
  describe: ({ lines }) => `${lines.length} JobSpec-like events in files of 64 MiB, in the page cache`,
  subjects: [
    {
      name: "sealed: seals checked, payloads decoded on use",
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
