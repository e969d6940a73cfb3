/**
 * The page about speed: every figure of one report, and a plot of every curve.
 *
 * @module
 */
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { isPassed, verdict } from "./Goals.ts"
import { plot } from "./Plot.ts"
import type { BenchmarkResult, Curve, GoalResult, Report, Spread } from "./Report.ts"
import { figure } from "./Table.ts"

const plots_folder = "benchmarks"

const cell = (text: string): string => text.replaceAll("|", "\\|")

/** A table as the formatter would lay it out: texts to the left, figures to the right. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>, texts: number): string => {
  const cells = rows.map((row) => row.map(cell))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? "").length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((text, column) => (column < texts ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(" | ")} |`
  const rule = widths.map((width, column) => (column < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  const [head = [], ...rest] = cells
  return [line(head), line(rule), ...rest.map(line)].join("\n")
}

const spread = ({ max, median, min }: Spread): ReadonlyArray<string> => [min, median, max].map(figure)

const plotFile = (benchmark: string, curve: Curve): string =>
  `${benchmark}-${curve.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "")}.svg`

/** A curve of one point is a figure, and needs no drawing. */
const curveParts = (benchmark: string, curve: Curve): ReadonlyArray<string> => [
  ...(curve.points.length > 1
    ? [`![${curve.name}: ${curve.y} against ${curve.x}](${plots_folder}/${plotFile(benchmark, curve)})`]
    : []),
  table([[`${curve.name}: ${curve.x}`, curve.y], ...curve.points.map(({ x, y }) => [figure(x), figure(y)])], 0),
]

const goalRow = (goal: GoalResult): ReadonlyArray<string> => [
  goal.what,
  `${goal.bound} ${goal.want}`,
  goal.got === undefined ? "" : figure(goal.got),
  verdict(goal),
]

const goal_head = ["goal", "asked", "measured", "outcome"]

/** What stands in the way of the goals that were missed, each once. */
const wallsOf = (goals: ReadonlyArray<GoalResult>): ReadonlyArray<string> => {
  const missed = goals.filter((goal) => isPassed(goal) === false)
  const walls = new Set(missed.flatMap(({ wall }) => wall ?? []))
  return [...walls].map((wall) => `What stands in the way: ${wall}`)
}

/** The address of a heading within its page, as Markdown's renderers make it. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const runsIn = (subjects: BenchmarkResult["subjects"]): string => {
  const runs = subjects[0]?.runs_ms.length ?? 0
  return runs === 0 ? "" : ` (${runs} ${runs === 1 ? "run" : "runs"})`
}

const section = (result: BenchmarkResult): ReadonlyArray<string> => {
  const { curves, goals, input, left_out, name, ratios, subjects, title, unit } = result
  return [
    `## ${title}`,
    `\`npm run bench -- ${name}\`${runsIn(subjects)}: ${input}.`,
    table(
      [
        ["", "", "ms min", "median", "max", `${unit}/s (median)`],
        ...subjects.map((each) => [each.name, each.role, ...spread(each.ms), figure(each.per_second.median)]),
      ],
      2,
    ),
    ...(ratios.length === 0
      ? []
      : [
          table(
            [
              ["speed of", "beside", "min", "median", "max"],
              ...ratios.map(({ ratio, subject, to }) => [subject, to, ...spread(ratio)]),
            ],
            2,
          ),
        ]),
    ...(goals.length === 0 ? [] : [table([goal_head, ...goals.map(goalRow)], 4)]),
    ...wallsOf(goals),
    ...left_out.map((peer) => `Without ${peer.name}: ${peer.reason}.`),
    ...curves.flatMap((curve) => curveParts(name, curve)),
  ]
}

/** The page as Markdown. */
export const renderPage = (report: Report): string => {
  const { benchmarks, failed, garbage_collected, machine, runs, seed, short, started_at, versions, warmups } = report
  const goals = benchmarks.flatMap((each) => each.goals)
  const passed = goals.filter((goal) => isPassed(goal) === true).length
  const missed = goals.filter((goal) => isPassed(goal) === false).length
  return `${[
    "# Benchmarks",
    "Written by `npm run bench -- --write`, all in one run; `npm run bench -- NAME` repeats one of them. Subjects, limits and peers of one benchmark run in turns in the same process, on the same input. A ratio is taken run by run, and 1 means as fast as what stands beside it; less is slower.",
    `${machine.cpu}, ${machine.cores} cores, ${figure(machine.memory_bytes / 2 ** 30)} GiB, ${machine.os}, Node ${machine.node}; ${started_at}; seed ${seed}, at most ${runs} runs after ${warmups} warm-ups, each benchmark in a process of its own${garbage_collected ? ", garbage collected before each" : ""}.`,
    ...(short ? ["**A short run: a hundredth of the input. It shows that everything runs, and not how fast.**"] : []),
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
    `Of ${goals.length} goals, ${passed} are passed, ${missed} missed and ${goals.length - passed - missed} not measured.`,
    ...(goals.length === 0
      ? []
      : [
          table(
            [
              ["benchmark", ...goal_head],
              ...benchmarks.flatMap(({ goals: own, name, title }) =>
                own.map((goal) => [`[${name}](#${anchorOf(title)})`, ...goalRow(goal)]),
              ),
            ],
            5,
          ),
        ]),
    ...failed.map(({ name, reason }) => `**\`${name}\` could not be measured: ${reason}.**`),
    ...benchmarks.flatMap(section),
  ].join("\n\n")}\n`
}

/** Writes `benchmarks.md` and the plots beside it. Plots of an earlier page are removed. */
export const writePage = async (folder: string, report: Report): Promise<void> => {
  const plots = join(folder, plots_folder)
  await rm(plots, { recursive: true, force: true })
  await mkdir(plots, { recursive: true })
  for (const { curves, name } of report.benchmarks)
    for (const curve of curves)
      if (curve.points.length > 1) await writeFile(join(plots, plotFile(name, curve)), plot(curve))
  await writeFile(join(folder, "benchmarks.md"), renderPage(report))
}
