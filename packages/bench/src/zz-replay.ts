import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, withStore } from "./jsonlFolder.ts"

const root = process.argv[2] ?? ""
const what = process.argv[3] ?? "loop"
const runs = Number(process.argv[4] ?? 5)
const count = Number(process.argv[5] ?? 1_000_000)
if (!existsSync(join(root, ".agents"))) {
  mkdirSync(root, { recursive: true })
  await fill(root, jobspecEvents(count))
}
const { queue } = JobSpec.make().projections
const jobs = new Map<string, { type: string; status: string; events: number }>()
const fold = (
  { event_type, job_id }: Pick<RecordedEvent, "job_id" | "event_type">,
  get: () => RecordedEvent["payload"],
) => {
  if (event_type === "job.accepted") {
    const type = get()["job_type"]
    jobs.set(job_id, { type: typeof type === "string" ? type : "", status: "queued", events: 1 })
    return
  }
  const job = jobs.get(job_id)
  if (job === undefined) return
  job.events++
  if (event_type === "job.claimed") job.status = "running"
  else if (event_type === "job.completed") job.status = "completed"
}
const looped = (how: (store: Store) => Store["readAfter"]) =>
  withStore(root, (store) =>
    Effect.gen(function* () {
      jobs.clear()
      const read = how(store)
      for (let position = 0; ;) {
        const { covers, events, release } = yield* read(position, 8192)
        for (const event of events) fold(event, () => event.payload)
        const next = events.at(-1)?.position ?? covers
        release?.()
        if (next <= position) return jobs.size
        position = next
      }
    }),
  )
const view = () =>
  withStore(root, (store) =>
    Effect.scoped(
      Effect.flatMap(Ledger.make(store, vocabularies), (ledger) => ledger.query(queue, (view) => view.size)),
    ),
  )
const folder = join(root, ".agents", "daemon")
const files = [
  ...readdirSync(folder)
    .filter((name) => name.startsWith("ledger.p"))
    .toSorted(),
  "ledger.jsonl",
].map((name) => join(folder, name))
const lines = what.includes("parse") ? files.flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n")) : []
const ways: Record<string, () => unknown> = {
  loop: () => looped((store) => store.foldAfter ?? store.readAfter),
  plain: () => looped((store) => store.readAfter),
  view,
  parse: () => {
    jobs.clear()
    for (const line of lines) {
      const e = JSON.parse(line) as RecordedEvent
      fold(e, () => e.payload)
    }
    return jobs.size
  },
}
for (let run = 0; run < runs; run++)
  for (const name of what.split(",")) {
    globalThis.gc?.()
    const c = process.cpuUsage()
    const m = process.threadCpuUsage()
    const t = performance.now()
    const size = await ways[name]?.()
    const u = process.cpuUsage(c)
    const mu = process.threadCpuUsage(m)
    console.log(
      name.padEnd(6),
      size,
      "wall",
      (performance.now() - t).toFixed(0),
      "cpu",
      ((u.user + u.system) / 1000).toFixed(0),
      "main",
      ((mu.user + mu.system) / 1000).toFixed(0),
      "sys",
      (u.system / 1000).toFixed(0),
    )
  }
