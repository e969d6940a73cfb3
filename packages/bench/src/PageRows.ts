/**
 * What the page is about, row by row: each kind of work with the benchmarks that measure it, and what came of it.
 *
 * @module
 */
import { askedInWords, isPassed, isUndecided, speedInWords } from "./Goals.ts"
import type { BenchmarkResult, GoalResult, Ratio } from "./Report.ts"

export interface PageRow {
  readonly title: string
  /** Names of benchmarks, in the order in which the page shows them. */
  readonly benchmarks: ReadonlyArray<string>
}

/** The rows of the page, in its order. */
export const page_rows: ReadonlyArray<PageRow> = [
  { title: "Replaying a ledger into the queue view", benchmarks: ["replay-jsonl"] },
  { title: "Opening a ledger with checkpoints", benchmarks: ["open-jsonl"] },
  {
    title: "Durable appends to files",
    benchmarks: ["append-jsonl-1", "append-jsonl-16", "append-jsonl-64", "append-jsonl-256"],
  },
  { title: "Durable appends to PostgreSQL", benchmarks: ["append-postgres"] },
  { title: "Durable submissions", benchmarks: ["submit-http", "history-http"] },
  { title: "Working through a queue", benchmarks: ["work-queue"] },
  {
    title: "Settling artifacts",
    benchmarks: ["settle-artifact-4kib", "settle-artifact-1mib", "settle-artifact-large"],
  },
  { title: "Making and reading one fact", benchmarks: ["fact-construct", "line-decode"] },
  { title: "Folding facts in memory", benchmarks: ["fold-jobs", "fold-queue"] },
  { title: "Starting, importing, and sizes", benchmarks: ["waybill-start", "command-start", "package-import"] },
  { title: "Readers that catch up and follow", benchmarks: ["catch-up-jsonl", "follow-http"] },
]

export interface RowResults {
  readonly number: number | undefined
  readonly title: string
  readonly results: ReadonlyArray<BenchmarkResult>
}

/** A report's benchmarks by row, without rows of which nothing was measured; those of no row stand last. */
export const byRows = (benchmarks: ReadonlyArray<BenchmarkResult>): ReadonlyArray<RowResults> => {
  const named = new Set(page_rows.flatMap((row) => row.benchmarks))
  const others = benchmarks.filter(({ name }) => !named.has(name))
  return [
    ...page_rows.map(({ benchmarks: names, title }, index) => ({
      number: index + 1,
      title,
      results: names.flatMap((name) => benchmarks.find((each) => each.name === name) ?? []),
    })),
    { number: undefined, title: "Besides", results: others },
  ].filter(({ results }) => results.length > 0)
}

/** The ratio that a goal is about, by the words that name it. */
const ratioOf = ({ what }: GoalResult, ratios: ReadonlyArray<Ratio>): Ratio | undefined =>
  ratios
    .filter(({ subject, to }) => {
      const words = `${subject}: speed beside ${to}`
      return what === words || what.startsWith(`${words}, the fastest`)
    })
    .toSorted((a, b) => b.to.length - a.to.length)[0]

/** Several speeds in a few words, from the slowest to the fastest: `takes 12.1 to 4.35 times as long`. */
export const speedsInWords = (speeds: ReadonlyArray<number>): string => {
  if (speeds.length === 0) return ""
  const [from, to] = [Math.min(...speeds), Math.max(...speeds)].map(speedInWords)
  if (from === undefined || to === undefined || from === to) return from ?? ""
  for (const [before, after] of [
    ["takes ", " times as long"],
    ["", " times as fast"],
  ] as const)
    if (from.startsWith(before) && from.endsWith(after) && to.endsWith(after))
      return `${from.slice(0, -after.length)} to ${to.slice(before.length)}`
  return `${from} to ${to}`
}

/** How many of the goals are passed, in a few words. */
export const tally = (goals: ReadonlyArray<GoalResult>): string => {
  const [passed, missed] = [true, false].map((wanted) => goals.filter((goal) => isPassed(goal) === wanted).length)
  const counts = [
    [passed ?? 0, "passed"],
    [missed ?? 0, "missed"],
    [goals.length - (passed ?? 0) - (missed ?? 0), "not measured"],
  ] as const
  const words = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const doubtful = goals.filter(isUndecided).length
  return `${words.join(", ")}${doubtful === 0 ? "" : ` (${doubtful} undecided)`}`
}

interface Beside {
  readonly speed: number
  readonly want?: number
}

const besideInWords = (found: ReadonlyArray<Beside>): string => {
  const words = speedsInWords(found.map(({ speed }) => speed))
  const [want, ...different] = new Set(found.map((each) => each.want))
  return want === undefined || want === 1 || different.length > 0 ? words : `${words} (asked: ${askedInWords(want)})`
}

/** How ours stand beside those of one role: what goals ask for, else what was measured beside the fastest of them. */
const besideThe = (role: Ratio["role"], { goals, ratios }: BenchmarkResult): ReadonlyArray<Beside> => {
  const judged = goals
    .filter((goal) => goal.besides !== true)
    .flatMap((goal) => ({ goal, ratio: ratioOf(goal, ratios) }))
  const asked = judged.flatMap(({ goal: { got, want }, ratio }) =>
    ratio?.role === role && got !== undefined ? [{ speed: got, want }] : [],
  )
  if (asked.length > 0) return asked
  const subjects = new Set(judged.flatMap(({ ratio }) => ratio?.subject ?? []))
  return [...subjects].flatMap((subject) => {
    const speeds = ratios.filter((each) => each.subject === subject && each.role === role)
    return speeds.length === 0 ? [] : [{ speed: Math.min(...speeds.map(({ ratio }) => ratio.median)) }]
  })
}

/** One line: ours beside the limit and beside the fastest peer, and how many goals are passed. */
export const summaryOf = ({ results }: RowResults): readonly [limit: string, peer: string, verdict: string] => [
  besideInWords(results.flatMap((result) => besideThe("limit", result))),
  besideInWords(results.flatMap((result) => besideThe("peer", result))),
  tally(results.flatMap(({ goals }) => goals.filter(({ besides }) => besides !== true))),
]
