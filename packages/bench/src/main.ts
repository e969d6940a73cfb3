import { readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Schema } from "effect"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Apart, clockIn, Interrupted, measureApart } from "./apart.ts"
import type { Benchmark } from "./Benchmark.ts"
import { discover } from "./Discovery.ts"
import { type Bench, measure } from "./Harness.ts"
import { describeMachine, installedVersions } from "./Machine.ts"
import { writePage } from "./Page.ts"
import { installedPeers, noPeers, peerVersions } from "./Peers.ts"
import { Report } from "./Report.ts"
import { renderTable } from "./Table.ts"

const help = `usage: npm run bench -- [NAME...] [options]

Measures the benchmarks named, or all of them, each in a process of its own. The table goes to stdout, progress to stderr.

  --json FILE    also write the whole report as JSON, anew after every benchmark
  --write        also write docs/benchmarks.md and its plots; takes no names, since the page shows one run
  --page FOLDER  the same into another folder, of whatever was measured
  --from FILE    measure nothing, take the report that --json wrote
  --short        a hundredth of the input: shows that everything runs, and not how fast
  --no-peers     leave out the libraries of others, which are installed on first use
  --runs N       measured runs per subject (default 10), or fewer where the time is up
  --budget S     seconds for the runs of one benchmark, of which there are three at least (default: 20 for several, no end for one)
  --limit S      seconds after which one of several benchmarks is given up (default 900)
  --warmups N    runs before measuring starts (default 2)
  --only NAME    measure one subject of a benchmark, by its name
  --seed N       decides the generated input (default 1)
  --no-curves    leave out what is measured once the runs are done: what grows with what
  --list         print the names and titles, measure nothing
  --help         this text
`

/** A mistake in the command line: one line, exit code 2. */
class UsageError extends Error {}

const whole = (option: string, text: string, least: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${option} takes a whole number from ${least} up, not "${text}"`)
  }
  return value
}

const readCommandLine = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "string" },
        runs: { type: "string", default: "10" },
        warmups: { type: "string", default: "2" },
        seed: { type: "string", default: "1" },
        budget: { type: "string" },
        only: { type: "string" },
        limit: { type: "string", default: "900" },
        write: { type: "boolean", default: false },
        page: { type: "string" },
        from: { type: "string" },
        short: { type: "boolean", default: false },
        "no-peers": { type: "boolean", default: false },
        "no-curves": { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}

const choose = (all: ReadonlyArray<Benchmark>, names: ReadonlyArray<string>): ReadonlyArray<Benchmark> => {
  const unknown = names.find((name) => !all.some((benchmark) => benchmark.name === name))
  if (unknown !== undefined) {
    throw new UsageError(`there is no benchmark "${unknown}"; there are ${all.map(({ name }) => name).join(", ")}`)
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}

/** The collector is reachable without starting Node with a flag, in a context made after the flag is set. */
const exposeCollector = (): (() => void) | undefined => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  return typeof collect === "function" ? () => void collect() : undefined
}

type Values = ReturnType<typeof readCommandLine>["values"]

const repository = join(import.meta.dirname, "../../..")

/** Paths in the command line count from where it was typed, which is not where npm runs scripts. */
const fromHere = (path: string): string => resolve(process.env["INIT_CWD"] ?? ".", path)

const readReport = async (path: string): Promise<Report> => {
  try {
    return Schema.decodeUnknownSync(Schema.fromJsonString(Report))(await readFile(path, "utf8"))
  } catch (cause) {
    throw new UsageError(
      `${path} is no report: ${(cause instanceof Error ? cause.message : String(cause)).split("\n")[0]}`,
    )
  }
}

const cache = join(repository, "node_modules/.cache/waybill-bench")
const progress = (line: string): void => void process.stderr.write(`${line}\n`)

const settingsOf = (values: Values, isOne: boolean) => {
  const budget = values.budget === undefined ? (isOne ? undefined : 20) : whole("budget", values.budget, 0)
  return {
    runs: whole("runs", values.runs, 1),
    warmups: whole("warmups", values.warmups, 0),
    seed: whole("seed", values.seed, 0),
    ...(budget === undefined ? {} : { budget_ms: budget * 1000 }),
    ...(values.only === undefined ? {} : { only: values.only }),
    limit_ms: whole("limit", values.limit, 1) * 1000,
  }
}
type Settings = ReturnType<typeof settingsOf>

/** One benchmark, in this process. */
const measureHere = async (benchmark: Benchmark, values: Values, settings: Settings): Promise<Apart> => {
  const bench: Bench = {
    now: () => performance.now(),
    cpu: () => {
      const { system, user } = process.threadCpuUsage()
      return (system + user) / 1000
    },
    collectGarbage: exposeCollector(),
    progress,
    peers: values["no-peers"] ? noPeers : installedPeers({ cache, progress }),
  }
  try {
    const isShort = values.short
    const result = await measure(bench, benchmark, { ...settings, isShort, skipsCurves: values["no-curves"] })
    return { benchmarks: [result], failed: [] }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    progress(`bench: ${reason}`)
    return { benchmarks: [], failed: [{ name: benchmark.name, reason }] }
  }
}

/** The command line of a process that measures one benchmark and writes its report into a file. */
const commandFor =
  (values: Values, { budget_ms, runs, seed, warmups }: Settings) =>
  (name: string, report: string): ReadonlyArray<string> => [
    ...process.execArgv,
    import.meta.filename,
    name,
    "--json",
    report,
    "--runs",
    `${runs}`,
    "--warmups",
    `${warmups}`,
    "--seed",
    `${seed}`,
    ...(budget_ms === undefined ? [] : ["--budget", `${budget_ms / 1000}`]),
    ...(["short", "no-peers", "no-curves"] as const).filter((option) => values[option]).map((option) => `--${option}`),
  ]

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`

/** Measures what is chosen. One benchmark that fails is told and does not take the others with it. */
const measureAll = async (chosen: ReadonlyArray<Benchmark>, values: Values): Promise<Report> => {
  if (values.only !== undefined && chosen.length !== 1) throw new UsageError("--only takes one benchmark: name it")
  const settings = settingsOf(values, chosen.length === 1)
  const { limit_ms, runs, seed, warmups } = settings
  let report: Report = {
    schema_version: "waybill-bench/1",
    started_at: new Date().toISOString(),
    seed,
    runs,
    warmups,
    garbage_collected: exposeCollector() !== undefined,
    short: values.short,
    machine: describeMachine(),
    versions: { ...installedVersions(repository), ...(values["no-peers"] ? {} : peerVersions()) },
    benchmarks: [],
    failed: [],
  }
  const clock = clockIn(join(cache, values.short ? "durations-short.json" : "durations.json"))
  const names = chosen.map(({ name }) => name)
  const began = performance.now()
  for (const [index, benchmark] of chosen.entries()) {
    const started = performance.now()
    if (chosen.length > 1)
      progress(
        `${benchmark.name}: ${index + 1} of ${chosen.length}, after ${minutes(started - began)}; about ${minutes(clock.expected_ms(names.slice(index)))} left`,
      )
    const { benchmarks, failed } = await (chosen.length === 1
      ? measureHere(benchmark, values, settings)
      : measureApart(benchmark.name, commandFor(values, settings), limit_ms))
    if (chosen.length > 1 && failed.length === 0) clock.took(benchmark.name, performance.now() - started)
    report = {
      ...report,
      benchmarks: [...report.benchmarks, ...benchmarks],
      failed: [...report.failed, ...failed],
    }
    if (values.json !== undefined) await writeFile(fromHere(values.json), `${JSON.stringify(report, null, 2)}\n`)
  }
  if (chosen.length > 1) progress(`measured in ${minutes(performance.now() - began)}`)
  return report
}

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  const { positionals, values } = readCommandLine(args)
  if (values.help) return void process.stdout.write(help)
  const all = await discover(join(import.meta.dirname, "benchmarks"))
  if (values.list) return all.forEach(({ name, title }) => console.log(`${name}  ${title}`))
  if (values.write && (positionals.length > 0 || values.short || values["no-peers"]))
    throw new UsageError(
      "--write takes no names, no --short and no --no-peers: the page shows one whole run (see --page)",
    )

  const report = await (values.from === undefined
    ? measureAll(choose(all, positionals), values)
    : readReport(fromHere(values.from)))
  const page = values.write ? join(repository, "docs") : values.page && fromHere(values.page)
  if (page !== undefined) await writePage(page, report)
  process.stdout.write(renderTable(report))
  if (report.failed.length > 0) process.exitCode = 1
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  progress(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof UsageError ? 2 : error instanceof Interrupted ? 130 : 1
}
