import { Ledger, Projection, Vocabulary } from "@waybill/ledger"
import { Effect, Schema } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Conditions, type CurveTools, make } from "../Benchmark.ts"
import type { Figures } from "../Goals.ts"
import { mediansAt, timesInTurns } from "../inTurns.ts"
import { makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"
import type { Curve } from "../Report.ts"

const events_count = 200_000
const jobs_count = 2000
const batch_facts = 1000
const rounds = 9
/** Along what is to be flat. */
const rounds_flat = 40

/** Histories of few jobs, as many as a thousand facts can have, and of many. */
const few = { jobs: 100, events: [1000, 10_000, 100_000, 1_000_000] }
const many = { jobs: 100_000, events: [200_000, 500_000, 1_000_000] }
const jobs_counts = [2000, 10_000, many.jobs]

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

/** A ledger of so many facts of so many jobs, folded all along; what was folded is saved at its end. */
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
      yield* ledger.saveCheckpoint(Steps)
      yield* ledger.saveDueCheckpoints
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

/** What each opening has to have read: where each job's facts begin and end, what was folded, and to append, where each stream ends. */
const kept = {
  read: [join("index", "jobs.json"), join("checkpoints", "steps.json")],
  append: ["index", "checkpoints"],
} as const
type Opening = keyof typeof kept

const filesOf = (root: string, opening: Opening): ReadonlyArray<string> =>
  kept[opening].flatMap((name) => {
    const path = join(root, ".agents", "daemon", name)
    if (!existsSync(path)) return []
    return statSync(path).isDirectory() ? readdirSync(path).map((file) => join(path, file)) : [path]
  })

const readKept = (root: string, opening: Opening): number =>
  filesOf(root, opening).reduce((bytes, path) => bytes + readFileSync(path).length, 0)

/** The same, and what was read is parsed. Of the index, a reader needs nothing but the text. */
const parseKept = (root: string, opening: Opening): number => {
  let parsed = 0
  for (const path of filesOf(root, opening)) {
    const text = readFileSync(path, "utf8")
    const isNeeded = opening === "append" || path.endsWith("steps.json")
    if (isNeeded && typeof JSON.parse(text.slice(text.indexOf("\n") + 1)) === "object") parsed++
  }
  return parsed
}

const openings = { read: openAndAsk, append: openToAppend }
const names = {
  read: {
    ours: "opening, and a query",
    reading: "reading the index and the checkpoint",
    parsing: "reading both, JSON.parse of the checkpoint",
  },
  append: {
    ours: "opening to append, and a query",
    reading: "reading the index and all checkpoints",
    parsing: "reading and JSON.parse of all of them",
  },
}
const one_job = "opening a ledger of one job, and a query"
const byJobs = (name: string): string => `${name}, by jobs`
const byFacts = (jobs: number): string => `${names.append.ours}, by facts, ${jobs} jobs`

const wall =
  (opening: Opening) =>
  ({ last, time }: Figures): string => {
    const { ours, parsing, reading } = names[opening]
    return `what is kept of a ledger is JSON, and its bytes are checked. At the end of the curve, reading it takes ${last(byJobs(reading))} ms, and JSON.parse of what is read, the least that makes anything of it, ${last(byJobs(parsing))} ms; the opening takes ${last(byJobs(ours))} ms. Of few jobs it takes as long as it takes to find, open and check files of which there is next to nothing to read: ${time(one_job)} of a ledger of one job, measured beside it.`
  }

/** Opens ledgers of several lengths, or of several numbers of jobs, in turns. */
const measureOpenings = async (
  { progress, ...tools }: CurveTools & Conditions,
  ledgers: ReadonlyArray<{ readonly events: number; readonly jobs: number }>,
  ways: ReadonlyArray<(root: string) => unknown>,
  count = rounds,
): Promise<ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>> => {
  const roots: Array<string> = []
  try {
    for (const { events, jobs } of ledgers) {
      progress(`filling a ledger with ${events} facts of ${jobs} jobs`)
      roots.push(await grown(events, jobs))
    }
    const turns = ways.flatMap((way) =>
      roots.map((root) => ({
        round: async () => {
          const started = tools.now()
          await way(root)
          return tools.now() - started
        },
      })),
    )
    const times = await timesInTurns(turns, count, "openings", { progress, ...tools })
    return ways.map((_, i) => times.slice(i * roots.length, (i + 1) * roots.length))
  } finally {
    for (const root of roots) await removeRoot(root)
  }
}

const flatIn = async (tools: CurveTools & Conditions, { events, jobs }: typeof few): Promise<Curve> => {
  const lengths = events.map((full) => tools.scaled(full))
  const scaled_jobs = jobs === few.jobs ? Math.min(jobs, ...lengths) : tools.scaled(jobs)
  const ledgers = lengths.map((length) => ({ events: length, jobs: scaled_jobs }))
  const [times = []] = await measureOpenings(tools, ledgers, [openToAppend], rounds_flat)
  return { name: byFacts(jobs), x: "facts", y: "ms (median)", points: mediansAt(lengths, times) }
}

const growing = async (tools: CurveTools & Conditions): Promise<ReadonlyArray<Curve>> => {
  const counts = jobs_counts.map((full) => tools.scaled(full))
  const ledgers = counts.map((jobs) => ({ jobs, events: tools.scaled(events_count, 20_000) }))
  const kinds = ["append", "read"] as const
  const ways = kinds.flatMap((opening) => [
    { name: names[opening].ours, way: openings[opening] },
    { name: names[opening].reading, way: (root: string) => readKept(root, opening) },
    { name: names[opening].parsing, way: (root: string) => parseKept(root, opening) },
  ])
  const measured = await measureOpenings(
    tools,
    ledgers,
    ways.map(({ way }) => way),
  )
  return ways.map(({ name }, i) => ({
    name: byJobs(name),
    x: "jobs",
    y: "ms (median)",
    points: mediansAt(counts, measured[i] ?? []),
  }))
}

interface Input {
  readonly events: number
  readonly jobs: number
  readonly root: string
  readonly small: string
}

const subjectsOf = (opening: Opening) => {
  const { ours, parsing, reading } = names[opening]
  return [
    {
      name: ours,
      role: "subject" as const,
      beside: [reading, parsing, one_job],
      run: ({ root }: Input) => openings[opening](root),
    },
    {
      name: reading,
      role: "limit" as const,
      run: ({ jobs, root }: Input) => (readKept(root, opening) > 0 ? jobs : 0),
    },
    {
      name: parsing,
      role: "limit" as const,
      run: ({ jobs, root }: Input) => (parseKept(root, opening) > 0 ? jobs : 0),
    },
  ]
}

export default make<Input, number>({
  name: "open-jsonl",
  title: "Opening a ledger from its checkpoints",
  unit: "jobs",
  input: async (_, { scaled }) => {
    // No index is kept of fewer.
    const [events, jobs] = [scaled(events_count, 20_000), scaled(jobs_count)]
    return { events, jobs, root: await grown(events, jobs), small: await grown(20_000, 1) }
  },
  amount: ({ jobs }) => jobs,
  describe: ({ events, jobs }) =>
    `${events} facts of ${jobs} jobs, saved at the end; along the curves, openings to append of ledgers of 100 and of 100000 jobs`,
  subjects: [
    ...subjectsOf("read"),
    ...subjectsOf("append"),
    { name: one_job, role: "reference", run: async ({ jobs, small }) => (await openAndAsk(small)) * jobs },
  ],
  goals: [
    { subject: names.read.ours, beside: names.read.reading, speed_min: 0.5, wall: wall("read") },
    ...[few.jobs, many.jobs].map((jobs) => ({ curve: byFacts(jobs), growth_max: 1.2 })),
    ...(["append", "read"] as const).map((opening) => ({
      curve: byJobs(names[opening].ours),
      than: byJobs(names[opening].reading),
      times_max: 2,
      wall: wall(opening),
    })),
  ],
  check: (found, { jobs }) => {
    if (found !== jobs) throw new Error(`${found} jobs, want ${jobs}`)
  },
  curves: async (_, tools) => [await flatIn(tools, few), await flatIn(tools, many), ...(await growing(tools))],
  close: async ({ root, small }) => {
    await removeRoot(root)
    await removeRoot(small)
  },
})
