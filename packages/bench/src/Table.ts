import { verdict } from "./Goals.ts"
import { type BenchmarkResult, type Curve, leftOutInWords, type Report, runsInWords, type Spread } from "./Report.ts"

/** Three or more significant digits, thousands apart: `0.0123`, `1.23`, `12,345`. */
export const figure = (value: number): string =>
  value.toLocaleString("en-US", value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })

const spread = ({ max, median, min }: Spread): ReadonlyArray<string> => [figure(min), figure(median), figure(max)]

/** Columns under each other; the first `left` columns lean left, figures lean right. */
const columns = (rows: ReadonlyArray<ReadonlyArray<string>>, left: number): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  )
}

/** A curve as a table: what grows to the left, what it costs to the right. */
const curveTable = ({ name, points, x, y }: Curve): ReadonlyArray<string> => [
  "",
  name,
  ...columns([[x, y], ...points.map((point) => [figure(point.x), figure(point.y)])], 0),
]

const benchmarkTable = (result: BenchmarkResult): ReadonlyArray<string> => {
  const { curves, goals, input, left_out, name, ratios, subjects, title, unit } = result
  return [
    `${name}: ${title}`,
    `input: ${input}`,
    runsInWords(result),
    "",
    ...columns(
      [
        ["", "", "runs", "ms min", "median", "max", `${unit}/s min`, "median", "max"],
        ...subjects.map(({ ms, name: subject, per_second, role, runs_ms }) => [
          subject,
          role,
          `${runs_ms.length}`,
          ...spread(ms),
          ...spread(per_second),
        ]),
      ],
      2,
    ),
    ...(ratios.length === 0
      ? []
      : [
          "",
          ...columns(
            [
              ["speed beside", "", "min", "median", "max"],
              ...ratios.map(({ ratio, role, subject, to }) => [`${subject} / ${to}`, role, ...spread(ratio)]),
            ],
            2,
          ),
        ]),
    ...curves.flatMap(curveTable),
    ...(goals.length === 0 ? [] : [""]),
    ...goals.map((goal) => `goal: ${goal.what}: ${goal.got ?? "?"}, ${goal.bound} ${goal.want}: ${verdict(goal)}`),
    ...leftOutInWords(left_out).map((words) => `without ${words}`),
    "",
  ]
}

/** A report for a person. */
export const renderTable = ({
  benchmarks,
  failed,
  garbage_collected,
  load_average,
  machine,
  revision,
  runs,
  seed,
  short,
  versions,
  warmups,
}: Report): string =>
  [
    `${machine.cpu}, ${machine.cores} cores, ${figure(machine.memory_bytes / 2 ** 30)} GiB, ${machine.os}, Node ${machine.node}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    ...(revision === undefined
      ? []
      : [
          `revision ${revision.commit}${revision.is_dirty ? ", with changes that are not committed" : ""}${load_average === undefined ? "" : `, load ${load_average.map(figure).join(", ")}`}`,
        ]),
    `seed ${seed}, at most ${runs} runs after at most ${warmups} warm-ups, in turns${garbage_collected ? ", garbage collected before each" : ""}${short ? ", a hundredth of the input" : ""}`,
    "",
    ...benchmarks.flatMap(benchmarkTable),
    ...failed.flatMap(({ name, reason }) => [`${name}: not measured: ${reason}`, ""]),
  ].join("\n")
