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
/** The fastest of so many is a point of a curve. */
const curve_runs = 5

const Step = Vocabulary.make("step", { done: { payload: Schema.Struct({ n: Schema.Int }) } })
const Steps = Projection.make({
  name: "steps",
  version: 1,
  reader: Step,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

const withLedger = <A>(
  root: string,
  use: (ledger: Ledger["Service"]) => Effect.Effect<A, unknown>,
  projections: Parameters<typeof Ledger.make>[2] = [],
): Promise<A> => withStore(root, (store) => Effect.scoped(Effect.flatMap(Ledger.make(store, [Step], projections), use)))

/** A ledger of so many facts of so many jobs, folded all along. */
const grown = async (events: number, jobs: number): Promise<string> => {
  const root = await makeRoot()
  await withLedger(root, (ledger) =>
    Effect.gen(function* () {
      yield* ledger.query(Steps, (view) => view.size)
      for (let at = 0; at < events; at += batch_facts)
        yield* ledger.append(
          Array.from({ length: Math.min(batch_facts, events - at) }, (_, i) =>
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

/** The same by who is about to append: where each stream ends is known by then, too. */
const openToAppend = (root: string): Promise<number> =>
  withLedger(root, (ledger) => ledger.query(Steps, (view) => view.size), [Steps])

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

const one_job = "opening a ledger of one job, and a query"
const wall =
  "two thousand jobs are parsed in about a millisecond; what takes long is to find, open and check the files, which takes as long for a ledger of one job, measured beside it."

export default make({
  name: "open-jsonl",
  title: "Opening a ledger from its checkpoints",
  unit: "jobs",
  input: async (_, { scaled }) => {
    // No index is kept of fewer.
    const [events, jobs] = [scaled(events_count, 20_000), scaled(jobs_count)]
    return { events, jobs, root: await grown(events, jobs), small: await grown(20_000, 1) }
  },
  amount: ({ jobs }) => jobs,
  describe: ({ events, jobs }) => `${events} facts of ${jobs} jobs`,
  subjects: [
    { name: "opening, and a query", role: "subject", run: ({ root }) => openAndAsk(root) },
    { name: "opening to append, and a query", role: "subject", run: ({ root }) => openToAppend(root) },
    { name: "JSON.parse of index and checkpoints", role: "limit", run: ({ root }) => readCopies(root) },
    {
      name: one_job,
      role: "limit",
      run: async ({ jobs, small }) => (await openAndAsk(small)) * jobs,
    },
  ],
  goals: [
    { subject: "opening, and a query", beside: "JSON.parse of index and checkpoints", speed_min: 0.5, wall },
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
      const timesOf = async (open: (root: string) => Promise<number>) => {
        await open(root)
        const times: Array<number> = []
        for (let i = 0; i < curve_runs; i++) {
          const started = now()
          await open(root)
          times.push(now() - started)
        }
        return tenths(Math.min(...times))
      }
      const [ours, reading] = [await timesOf(openToAppend), await timesOf(openAndAsk)]
      const parsing: Array<number> = []
      for (let i = 0; i < curve_runs && jobs > curve_jobs; i++) {
        const started = now()
        readCopies(root)
        parsing.push(now() - started)
      }
      await removeRoot(root)
      return { ours, reading, copies: tenths(Math.min(...parsing)) }
    }
    const byEvents = []
    for (const events of [1000, 10_000, 100_000, 1_000_000].map((full) => scaled(full)))
      byEvents.push({ x: events, y: (await measure(events, Math.min(events, curve_jobs))).ours })
    const [byJobs, readingByJobs, copiesByJobs] = [[], [], []] as [Array<Point>, Array<Point>, Array<Point>]
    for (const jobs of [2000, 10_000, 100_000].map((full) => scaled(full))) {
      const { copies, ours, reading } = await measure(Math.max(all_events, jobs), jobs)
      byJobs.push({ x: jobs, y: ours })
      readingByJobs.push({ x: jobs, y: reading })
      copiesByJobs.push({ x: jobs, y: copies })
    }
    const y = `ms, the fastest of ${curve_runs} runs`
    return [
      { name: "opening, by facts", x: "facts", y, points: byEvents },
      { name: "opening, by jobs", x: "jobs", y, points: byJobs },
      { name: "opening to read, by jobs", x: "jobs", y, points: readingByJobs },
      { name: "JSON.parse of index and checkpoints, by jobs", x: "jobs", y, points: copiesByJobs },
    ]
  },
  close: async ({ root, small }) => {
    await removeRoot(root)
    await removeRoot(small)
  },
})
