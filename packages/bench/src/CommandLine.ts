/**
 * What `npm run bench` is told: its options, and what contradicts itself.
 *
 * @module
 */
import { join } from "node:path"
import { parseArgs } from "node:util"
import { peer_groups } from "./Peers.ts"

export const help = `usage: npm run bench -- [NAME...] [options]

Measures the benchmarks named, or all of them, each in a process of its own. The table goes to stdout, progress to stderr.

  --json FILE    also write the whole report as JSON, anew after every benchmark
  --write        also write docs/benchmarks.md and its plots; takes no names and nothing that leaves something out, since the
                 page shows one whole run, and writes nothing where a benchmark or a peer is missing
  --page FOLDER  the same into another folder, of whatever was measured
  --from FILE    measure nothing, take the report that --json wrote
  --short        a hundredth of the input, where there is so much of it: shows that everything runs, and not how fast
  --no-peers     leave out the libraries of others, which are installed on first use
  --without GROUP  leave out one group of them: ${peer_groups.join(", ")}; may be given several times
  --runs N       measured runs per subject (default 10), or fewer where the time is up (see --budget)
  --budget S     seconds for one subject, for all its runs and what is prepared for them, the one that checks its answer and the
                 warm-ups among them; three runs are measured at least, if not fewer were asked for (default: 8 for several
                 benchmarks, no end for one); whoever is slow has no warm-ups and sits out the last rounds
  --limit S      seconds after which a benchmark is given up, but with --here (default: 900 for several, no end for one)
  --warmups N    runs before measuring starts (default 2), or fewer where the time would not do for the measured ones
  --only NAME    measure one subject of one benchmark, by its name, beside nothing
  --seed N       decides the generated input (default 1)
  --no-curves    leave out what is measured once the runs are done: what grows with what
  --here         measure one benchmark in this process, for a profiler or a debugger: what it began stays when it is interrupted
  --list         print the names and titles, measure nothing
  --help         this text
`

/** A mistake in the command line: one line, exit code 2. */
export class UsageError extends Error {}

export const whole = (option: string, text: string, least: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${option} takes a whole number from ${least} up, not "${text}"`)
  }
  return value
}

/** What `parseArgs` says of a mistake, in one line. */
export const whyRefused = (cause: unknown): string => {
  const [what = "", ...more] = (cause instanceof Error ? cause.message : String(cause)).split("\n")
  return more.length === 0 ? what : `${what} A value that begins with a dash is given as --option=VALUE.`
}

export const readCommandLine = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "string" },
        runs: { type: "string" },
        warmups: { type: "string" },
        seed: { type: "string" },
        budget: { type: "string" },
        only: { type: "string" },
        limit: { type: "string" },
        write: { type: "boolean", default: false },
        page: { type: "string" },
        from: { type: "string" },
        short: { type: "boolean", default: false },
        "no-peers": { type: "boolean", default: false },
        without: { type: "string", multiple: true, default: [] },
        "no-curves": { type: "boolean", default: false },
        here: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (cause) {
    throw new UsageError(whyRefused(cause))
  }
}

export type Values = ReturnType<typeof readCommandLine>["values"]

/** The options that decide what is measured, and for how long. */
const measuring = [
  "short",
  "no-peers",
  "without",
  "runs",
  "budget",
  "limit",
  "warmups",
  "only",
  "seed",
  "no-curves",
  "here",
]

const textsOf = (value: Values[keyof Values]): ReadonlyArray<string> =>
  value === undefined || value === false ? [] : Array.isArray(value) ? value : [value === true ? "" : value]

const valuesOf = (values: Values, option: string): ReadonlyArray<string> =>
  textsOf(Object.entries(values).find(([name]) => name === option)?.[1])

const isGiven = (values: Values, option: string): boolean => valuesOf(values, option).length > 0

/** What was given of all that decides what is measured: the words that measure the same once more. */
export const argumentsOf = (values: Values, names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...names,
  ...measuring.flatMap((option) =>
    valuesOf(values, option).flatMap((text) => (text === "" ? [`--${option}`] : [`--${option}`, text])),
  ),
]

/** Refuses what would be ignored, before anything is measured. */
export const refuseContradictions = (values: Values, names: ReadonlyArray<string>): void => {
  const nobody = values.without.filter((group) => !peer_groups.some((each) => each === group))
  if (nobody.length > 0)
    throw new UsageError(`there are no peers "${nobody.join(", ")}"; there are ${peer_groups.join(", ")}`)
  if (values.from !== undefined) {
    const given = [...measuring, "json"].filter((option) => isGiven(values, option))
    const ignored = [...names, ...given.map((option) => `--${option}`)]
    if (ignored.length > 0)
      throw new UsageError(
        `--from measures nothing, so it takes no names and no --json: leave out ${ignored.join(", ")}`,
      )
  }
  if (
    values.write &&
    (names.length > 0 ||
      values.without.length > 0 ||
      values.short ||
      values["no-peers"] ||
      values["no-curves"] ||
      values.only)
  )
    throw new UsageError(
      "--write takes no names, no --short, --no-peers, --without, --no-curves or --only: the page shows one whole run (see --page)",
    )
  if (values.write && values.page !== undefined) throw new UsageError("take --write or --page, not both")
}

export const settingsOf = (values: Values, isOne: boolean) => {
  const limit = values.limit === undefined ? (isOne ? undefined : 900) : whole("limit", values.limit, 1)
  const budget = values.budget === undefined ? (isOne ? undefined : 8) : whole("budget", values.budget, 0)
  return {
    runs: whole("runs", values.runs ?? "10", 1),
    warmups: whole("warmups", values.warmups ?? "2", 0),
    seed: whole("seed", values.seed ?? "1", 0),
    ...(budget === undefined ? {} : { budget_ms: budget * 1000 }),
    ...(values.only === undefined ? {} : { only: values.only }),
    ...(limit === undefined ? {} : { limit_ms: limit * 1000 }),
  }
}
export type Settings = ReturnType<typeof settingsOf>

/** The command line of a process that measures one benchmark and writes its report into a file. */
export const commandFor =
  (values: Values, { budget_ms, runs, seed, warmups }: Settings, without: ReadonlyArray<string> = []) =>
  (name: string, report: string): ReadonlyArray<string> => [
    ...process.execArgv,
    join(import.meta.dirname, "main.ts"),
    name,
    "--here",
    "--json",
    report,
    "--runs",
    `${runs}`,
    "--warmups",
    `${warmups}`,
    "--seed",
    `${seed}`,
    ...(budget_ms === undefined ? [] : ["--budget", `${budget_ms / 1000}`]),
    ...(values.only === undefined ? [] : ["--only", values.only]),
    ...new Set([...values.without, ...without].map((group) => `--without=${group}`)),
    ...(["short", "no-peers", "no-curves"] as const).filter((option) => values[option]).map((option) => `--${option}`),
  ]
