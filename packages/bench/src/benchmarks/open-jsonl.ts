import { type JsonObject, Ledger, Projection, Vocabulary } from "@waybill/ledger"
import { Effect, Schema } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import type { Curve } from "../Report.ts"
import { makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

type Point = Curve["points"][number]

const events_count = 200_000
const jobs_count = 2000
/** Few enough that a ledger of a thousand facts has as many. */
const curve_jobs = 100
const batch_facts = 1000

const Step = Vocabulary.make("step", { done: { payload: Schema.Struct({ n: Schema.Int }) } })
const Steps = Projection.make({
  name: "steps",
  version: 1,
  reader: Step,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

const withLedger = <A>(root: string, use: (ledger: Ledger["Service"]) => Effect.Effect<A, unknown>): Promise<A> =>
  withStore(root, (store) => Effect.scoped(Effect.flatMap(Ledger.make(store, [Step]), use)))

/** A ledger of so many facts of so many jobs, folded all along. */
const grown = async (events: number, jobs: number): Promise<string> => {
  const root = await makeRoot()
  await withLedger(root, (ledger) =>
    Effect.gen(function* () {
      yield* ledger.query(Steps, (view) => view.size)
      for (let at = 0; at < events; at += batch_facts)
        yield* ledger.append(
          Array.from({ length: batch_facts }, (_, i) =>
            Step.facts.done.makeOrThrow(`job-${(at + i) % jobs}`, { n: at + i }),
          ),
          { actor: "bench", requestId: `r${at}` },
        )
    }),
  )
  return root
}

/** Opens the ledger as a new process would, and asks for the folded state. */
const openAndAsk = (root: string): Promise<number> =>
  withLedger(root, (ledger) => ledger.query(Steps, (view) => view.size))

const tenths = (ms: number): number => (Number.isFinite(ms) ? Math.round(ms * 10) / 10 : 0)

const readCopies = (root: string): number => {
  let size = 0
  for (const folder of ["index", "checkpoints"]) {
    const path = join(root, ".agents", "daemon", folder)
    for (const name of readdirSync(path)) {
      const text = readFileSync(join(path, name), "utf8")
      const value = JSON.parse(text.slice(text.indexOf("\n") + 1)) as JsonObject
      if (name === "jobs.json") size = (value["jobs"] as ReadonlyArray<unknown>).length
    }
  }
  return size
}

export default make({
  name: "open-jsonl",
  title: "Opening a ledger from its checkpoints",
  unit: "jobs",
  input: async (_, { scaled }) => {
    // No index is kept of fewer.
    const [events, jobs] = [scaled(events_count, 20_000), scaled(jobs_count)]
    return { events, jobs, root: await grown(events, jobs) }
  },
  amount: ({ jobs }) => jobs,
  describe: ({ events, jobs }) => `${events} facts of ${jobs} jobs`,
  subjects: [
    { name: "opening, and a query", role: "subject", run: ({ root }) => openAndAsk(root) },
    { name: "JSON.parse of index and checkpoints", role: "limit", run: ({ root }) => readCopies(root) },
  ],
  goals: [
    { subject: "opening, and a query", beside: "JSON.parse of index and checkpoints", speed_min: 0.5 },
    { curve: "opening, by facts", growth_max: 1.2 },
    { curve: "opening, by jobs", than: "JSON.parse of index and checkpoints, by jobs", times_max: 2 },
  ],
  check: (found, { jobs }) => {
    if (found !== jobs) throw new Error(`${found} jobs, want ${jobs}`)
  },
  curves: async ({ events: all_events }, { now, progress, scaled }) => {
    const measure = async (events: number, jobs: number) => {
      progress(`opening ${events} facts of ${jobs} jobs`)
      const root = await grown(events, jobs)
      await openAndAsk(root)
      const times: Array<number> = []
      for (let i = 0; i < 5; i++) {
        const started = now()
        await openAndAsk(root)
        times.push(now() - started)
      }
      const parsing: Array<number> = []
      for (let i = 0; i < 5 && jobs > curve_jobs; i++) {
        const started = now()
        readCopies(root)
        parsing.push(now() - started)
      }
      await removeRoot(root)
      return { ours: tenths(Math.min(...times)), copies: tenths(Math.min(...parsing)) }
    }
    const byEvents = []
    for (const events of [1000, 10_000, 100_000, 1_000_000].map((full) => scaled(full)))
      byEvents.push({ x: events, y: (await measure(events, Math.min(events, curve_jobs))).ours })
    const [byJobs, copiesByJobs] = [[], []] as [Array<Point>, Array<Point>]
    for (const jobs of [2000, 10_000, 100_000].map((full) => scaled(full))) {
      const { copies, ours } = await measure(Math.max(all_events, jobs), jobs)
      byJobs.push({ x: jobs, y: ours })
      copiesByJobs.push({ x: jobs, y: copies })
    }
    return [
      { name: "opening, by facts", x: "facts", y: "ms", points: byEvents },
      { name: "opening, by jobs", x: "jobs", y: "ms", points: byJobs },
      { name: "JSON.parse of index and checkpoints, by jobs", x: "jobs", y: "ms", points: copiesByJobs },
    ]
  },
  close: ({ root }) => removeRoot(root),
})
