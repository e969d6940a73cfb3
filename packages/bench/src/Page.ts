/**
 * The page about speed: every figure of one report, and a plot of every curve.
 *
 * @module
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { isPassed, verdict } from "./Goals.ts"
import { markdownTable } from "./MarkdownTable.ts"
import { byRows, type RowResults, summaryOf, tally } from "./PageRows.ts"
import { plot, svg_head } from "./Plot.ts"
import {
  type BenchmarkResult,
  type Curve,
  type GoalResult,
  leftOutInWords,
  type Report,
  runsInWords,
  type Spread,
} from "./Report.ts"
import { figure } from "./Table.ts"

const plots_folder = "benchmarks"

const spread = ({ max, median, min }: Spread): ReadonlyArray<string> => [min, median, max].map(figure)

const plotFile = (benchmark: string, curve: Curve): string =>
  `${benchmark}-${curve.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "")}.svg`

/** The curves that a goal sets beside this one; they are drawn into its plot. */
const drawnWith = ({ curves, goals }: BenchmarkResult, { name }: Curve): ReadonlyArray<Curve> =>
  curves.filter((other) => goals.some(({ what }) => `${what},`.startsWith(`${name}: beside ${other.name},`)))

/** What is drawn: each curve of more than a point, except those that stand in another one's plot. */
const plotsOf = (result: BenchmarkResult) => {
  const curves = result.curves.filter(({ points }) => points.length > 1)
  const beside = new Set(curves.flatMap((curve) => drawnWith(result, curve)))
  return curves
    .filter((curve) => !beside.has(curve))
    .map((curve) => ({ curve, file: plotFile(result.name, curve), others: drawnWith(result, curve) }))
}

const curveParts = (result: BenchmarkResult, curve: Curve): ReadonlyArray<string> => [
  ...plotsOf(result)
    .filter((each) => each.curve === curve)
    .map(({ file }) => `![${curve.name}: ${curve.y} against ${curve.x}](${plots_folder}/${file})`),
  markdownTable([[`${curve.name}: ${curve.x}`, curve.y], ...curve.points.map(({ x, y }) => [figure(x), figure(y)])], 0),
]

const goalRow = (goal: GoalResult): ReadonlyArray<string> => [
  goal.what,
  `${goal.bound} ${goal.want}`,
  goal.got === undefined ? "" : figure(goal.got),
  `${verdict(goal)}${goal.besides === true ? " (set besides)" : ""}`,
]

const goal_head = ["benchmark", "goal", "asked", "measured", "outcome"]

/** What stands in the way of the goals that were missed, each once, with the goals it is about. */
const wallsOf = ({ goals, name }: BenchmarkResult): ReadonlyArray<string> => {
  const missed = goals.filter((goal) => isPassed(goal) === false)
  const walls = new Set(missed.flatMap(({ wall }) => wall ?? []))
  return [...walls].map((wall) => {
    const about = [...new Set(missed.filter((goal) => goal.wall === wall).map(({ what }) => what))]
    return `What stands in the way (${name}: ${about.join("; ")}): ${wall}`
  })
}

/** The address of a heading within its page, as Markdown's renderers make it. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

const section = (result: BenchmarkResult): ReadonlyArray<string> => {
  const { curves, input, left_out, name, ratios, subjects, title, unit } = result
  const runs = (wanted: string): number => subjects.find((each) => each.name === wanted)?.runs_ms.length ?? 0
  return [
    `### ${title}`,
    `\`npm run bench -- ${name}\` (${runsInWords(result)}): ${input}.`,
    markdownTable(
      [
        ["", "", "runs", "ms min", "median", "max", `${unit}/s (median)`],
        ...subjects.map((each) => [
          each.name,
          each.role,
          `${each.runs_ms.length}`,
          ...spread(each.ms),
          figure(each.per_second.median),
        ]),
      ],
      2,
    ),
    ...(ratios.length === 0
      ? []
      : [
          markdownTable(
            [
              ["speed of", "beside", "rounds", "min", "median", "max"],
              ...ratios.map(({ ratio, subject, to }) => [
                subject,
                to,
                `${Math.min(runs(subject), runs(to))}`,
                ...spread(ratio),
              ]),
            ],
            2,
          ),
        ]),
    ...leftOutInWords(left_out).map((words) => `Without ${words}.`),
    ...curves.flatMap((curve) => curveParts(result, curve)),
  ]
}

const headingOf = ({ number, title }: RowResults): string => (number === undefined ? title : `${number}. ${title}`)

/** All benchmarks of a row: their goals together, what stands in the way of those, and each with its figures. */
const rowSection = (row: RowResults): ReadonlyArray<string> => {
  const goals = row.results.flatMap(({ goals: own, name, title }) =>
    own.map((goal) => [`[${name}](#${anchorOf(title)})`, ...goalRow(goal)]),
  )
  return [
    `## ${headingOf(row)}`,
    ...(goals.length === 0 ? [] : [markdownTable([goal_head, ...goals], 5)]),
    ...row.results.flatMap(wallsOf),
    ...row.results.flatMap(section),
  ]
}

const summary = (rows: ReadonlyArray<RowResults>): string =>
  markdownTable(
    [
      ["work", "benchmarks", "ours beside the limit", "ours beside the fastest peer", "goals"],
      ...rows
        .filter(({ number }) => number !== undefined)
        .map((row) => [
          `[${headingOf(row)}](#${anchorOf(headingOf(row))})`,
          row.results.map(({ name }) => name).join(", "),
          ...summaryOf(row),
        ]),
    ],
    5,
  )

const measuredFrom = ({ load_average, revision, started_at }: Report): string => {
  const of =
    revision === undefined
      ? ""
      : `Revision ${revision.commit}${revision.is_dirty ? ", **with changes that are not committed**" : ""}, `
  const load =
    load_average === undefined
      ? ""
      : `, with a load of ${load_average.map(figure).join(", ")} (1, 5 and 15 minutes) before it began`
  return `${of === "" ? "Measured" : `${of}measured`} ${started_at}${load}.`
}

/** How many goals were reached: those of the work, and those set besides. */
const goalsInWords = (goals: ReadonlyArray<GoalResult>): string => {
  const besides = goals.filter((goal) => goal.besides === true)
  const own = goals.filter((goal) => goal.besides !== true)
  const more =
    besides.length === 0
      ? ""
      : ` Of ${besides.length} more, set besides to tell where those come from or to keep what was reached: ${tally(besides)}.`
  if (goals.length === 0) return "No goal was set for what was measured."
  return `Of ${counted(own.length, "goal")}: ${tally(own)}.${more}`
}

/** The page as Markdown. */
export const renderPage = (report: Report): string => {
  const { benchmarks, failed, garbage_collected, machine, runs, seed, short, versions, warmups } = report
  const given = report.arguments ?? []
  const command = ["npm run bench", ...(given.length === 0 ? [] : ["--", ...given])].join(" ")
  const goals = benchmarks.flatMap((each) => each.goals)
  const rows = byRows(benchmarks)
  return `${[
    "# Benchmarks",
    ...(short ? ["**A short run: a hundredth of the input. It shows that everything runs, and not how fast.**"] : []),
    goalsInWords(goals),
    ...failed.map(({ name, reason }) => `**\`${name}\` could not be measured: ${reason}. Its goals are not counted.**`),
    ...(rows.some(({ number }) => number !== undefined) ? [summary(rows)] : []),
    "A _limit_ is the least work that could possibly lead to the same result, mostly without the checks that a result needs: hardly anything is faster, and where ours is, it went another way or had the better rounds. A _peer_ is a library of others, or a database, that leads to a result of the same use on the same input; the fastest one counts. A _reference_ is ours in other circumstances.",
    "A speed is taken run by run and told by its median: one that is 4 times as fast, or takes 4 times as long. _Undecided_ is a goal that some runs passed and others missed; its median still counts. Time that is _stolen_ is what the host of a virtual machine gave to others while somebody here would have had it: the more of it, the wider the rounds lie apart.",
    `Measured in one run, by \`${command}\`; with a name, such as \`npm run bench -- fold-jobs\`, one of them is measured again, each subject ten times. Subjects, limits and peers of one benchmark run in turns, in another order each round, on the same input; whoever has taken its time (\`--budget\`) sits out the last rounds. So a ratio is the middle of those rounds in which both ran, the first ones, and where one of them went on it is not the quotient of their medians, which are of all the runs of each.`,
    `${machine.cpu}, ${counted(machine.cores, "core")}, ${figure(machine.memory_bytes / 2 ** 30)} GiB, ${machine.os}, Node ${machine.node}; seed ${seed}, at most ${counted(runs, "run")} after at most ${counted(warmups, "warm-up")}, as told with each, each benchmark in a process of its own${garbage_collected ? ", garbage collected before each run" : ""}. ${measuredFrom(report)}`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
    ...rows.flatMap(rowSection),
  ].join("\n\n")}\n`
}

/** What keeps a report from being one of all there is, in a few words; `names` are those of all benchmarks. */
export const whyNotWhole = (
  { benchmarks, failed, short }: Report,
  names: ReadonlyArray<string>,
): string | undefined => {
  if (short) return "a hundredth of the input was measured"
  const missing = names.filter((name) => !benchmarks.some((each) => each.name === name))
  const reasons = missing.map((name) => {
    const { reason } = failed.find((each) => each.name === name) ?? {}
    return `${name} was not measured${reason === undefined ? "" : ` (${reason})`}`
  })
  const without = new Set(benchmarks.flatMap(({ left_out }) => leftOutInWords(left_out)))
  const all = [...reasons, ...[...without].map((words) => `without ${words}`)]
  return all.length === 0 ? undefined : all.join("; ")
}

const replaceFile = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

/**
 * Writes `benchmarks.md` and the plots beside it. Plots of an earlier page are removed once the new one is there; whatever else
 * lies in the folder stays.
 */
export const writePage = async (folder: string, report: Report): Promise<void> => {
  const plots = join(folder, plots_folder)
  await mkdir(plots, { recursive: true })
  const written = new Set<string>()
  for (const result of report.benchmarks)
    for (const { curve, file, others } of plotsOf(result)) {
      await replaceFile(join(plots, file), plot(curve, ...others))
      written.add(file)
    }
  await replaceFile(join(folder, "benchmarks.md"), renderPage(report))
  for (const file of await readdir(plots)) {
    if (!file.endsWith(".svg") || written.has(file)) continue
    if ((await readFile(join(plots, file), "utf8")).startsWith(`${svg_head}\n`)) await rm(join(plots, file))
  }
}
