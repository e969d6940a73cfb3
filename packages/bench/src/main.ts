import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { Schema } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Apart, clockIn, measureApart, Refused, usage_code } from "./apart.ts"
import type { Benchmark } from "./Benchmark.ts"
import {
  argumentsOf,
  commandFor,
  help,
  readCommandLine,
  refuseContradictions,
  type Settings,
  settingsOf,
  UsageError,
  type Values,
} from "./CommandLine.ts"
import { discover } from "./Discovery.ts"
import { type Bench, measure, UnknownSubject } from "./Harness.ts"
import { describeMachine, installedVersions, loadAverage, processorTime, revisionOf } from "./Machine.ts"
import { whyNotWhole, writePage } from "./Page.ts"
import { installedPeers, noPeers, peerVersions, PeersUnavailable, withoutGroups } from "./Peers.ts"
import { heedSignals, Interrupted } from "./ProcessGroup.ts"
import { Report } from "./Report.ts"
import { renderTable } from "./Table.ts"

const choose = (all: ReadonlyArray<Benchmark>, names: ReadonlyArray<string>): ReadonlyArray<Benchmark> => {
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name))
  if (unknown.length > 0) {
    const told = unknown.map((name) => `"${name}"`).join(", ")
    throw new UsageError(`there is no benchmark ${told}; there are ${all.map(({ name }) => name).join(", ")}`)
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}

/** The collector is reachable without starting Node with a flag, in a context made after the flag is set. */
const exposeCollector = (): (() => void) | undefined => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  return typeof collect === "function" ? () => void collect() : undefined
}

const repository = join(import.meta.dirname, "../../..")
const docs = join(repository, "docs")

/** Paths in the command line count from where it was typed, which is not where npm runs scripts. */
const fromHere = (path: string): string => resolve(process.env["INIT_CWD"] ?? ".", path)

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const readReport = async (path: string): Promise<Report> => {
  try {
    return Schema.decodeUnknownSync(Schema.fromJsonString(Report))(await readFile(path, "utf8"))
  } catch (cause) {
    throw new UsageError(`${path} is no report: ${reasonOf(cause).split("\n")[0]}`)
  }
}

const pageOf = (values: Values): string | undefined =>
  values.write ? docs : values.page === undefined ? undefined : fromHere(values.page)

/** An hour of measuring is not to end at a folder that is not there. */
const checkPaths = async (json: string | undefined, page: string | undefined): Promise<void> => {
  try {
    if (json !== undefined) {
      await access(dirname(json), constants.W_OK)
      const file = await stat(json).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== "ENOENT") throw cause
      })
      if (file?.isDirectory() === true) throw new Error(`EISDIR: ${json} is a folder`)
      if (file !== undefined) await access(json, constants.W_OK)
    }
  } catch (cause) {
    throw new UsageError(`the report cannot be written: ${reasonOf(cause)}`)
  }
  try {
    if (page !== undefined) {
      await mkdir(page, { recursive: true })
      await access(page, constants.W_OK)
    }
  } catch (cause) {
    throw new UsageError(`the page cannot be written: ${reasonOf(cause)}`)
  }
}

/** What was measured is not lost to a disk that is full: it is told, and the measuring goes on. */
const writeReport = async (path: string, report: Report): Promise<void> => {
  const unfinished = `${path}.new`
  try {
    await writeFile(unfinished, `${JSON.stringify(report, null, 2)}\n`)
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true })
    progress(`bench: ${path} cannot be written: ${reasonOf(cause)}`)
    process.exitCode = 1
  }
}

const cache = join(repository, "node_modules/.cache/waybill-bench")
/** The report of the last run of several benchmarks, where no other file is named. */
const last = join(cache, "report.json")
const progress = (line: string): void => void process.stderr.write(`${line}\n`)

/** One benchmark, in this process. */
const measureHere = async (benchmark: Benchmark, values: Values, settings: Settings): Promise<Apart> => {
  const bench: Bench = {
    now: () => performance.now(),
    cpu: () => {
      const { system, user } = process.threadCpuUsage()
      return (system + user) / 1000
    },
    processorTime,
    collectGarbage: exposeCollector(),
    progress,
    peers: values["no-peers"] ? noPeers : withoutGroups(values.without, installedPeers({ cache, progress })),
  }
  try {
    const isShort = values.short
    const result = await measure(bench, benchmark, { ...settings, isShort, skipsCurves: values["no-curves"] })
    return { benchmarks: [result], failed: [] }
  } catch (cause) {
    if (cause instanceof UnknownSubject) throw new UsageError(cause.message)
    return { benchmarks: [], failed: [{ name: benchmark.name, reason: reasonOf(cause) }] }
  }
}

/** Installs the peers for several benchmarks, and answers the groups that cannot be had: each is tried and told once. */
const installPeers = async (chosen: ReadonlyArray<Benchmark>, values: Values): Promise<ReadonlyArray<string>> => {
  const peers = installedPeers({ cache, progress })
  const absent = new Array<string>()
  const needed = new Set(values["no-peers"] ? [] : chosen.flatMap(({ needs }) => needs))
  for (const group of [...needed].filter((each) => !values.without.includes(each)))
    try {
      await peers(group)
    } catch (cause) {
      if (!(cause instanceof PeersUnavailable)) throw cause
      progress(`bench: ${cause.message}`)
      absent.push(group)
    }
  return absent
}

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`

interface Measured {
  readonly report: Report
  /** Why it ended before everything was measured. */
  readonly interrupted?: Interrupted
}

/**
 * Measures what is chosen. One benchmark that fails is told and does not take the others with it; an interruption leaves
 * what was finished before.
 */
const measureAll = async (chosen: ReadonlyArray<Benchmark>, isAll: boolean, values: Values): Promise<Measured> => {
  const isOne = chosen.length === 1
  for (const option of ["only", "here"] as const)
    if (values[option] && !isOne) throw new UsageError(`--${option} takes one benchmark: name it`)
  const settings = settingsOf(values, isOne)
  const { runs, seed, warmups } = settings
  const json = values.json === undefined ? (isOne ? undefined : last) : fromHere(values.json)
  if (json === last) await mkdir(cache, { recursive: true })
  await checkPaths(json, pageOf(values))
  const revision = revisionOf(repository)
  let report: Report = {
    schema_version: "waybill-bench/1",
    started_at: new Date().toISOString(),
    ...(revision === undefined ? {} : { revision }),
    seed,
    runs,
    warmups,
    garbage_collected: exposeCollector() !== undefined,
    short: values.short,
    machine: describeMachine(),
    load_average: loadAverage(),
    versions: { ...installedVersions(repository), ...(values["no-peers"] ? {} : peerVersions()) },
    arguments: argumentsOf(values, isAll ? [] : chosen.map(({ name }) => name)),
    benchmarks: [],
    failed: [],
  }
  const absent = isOne ? [] : await installPeers(chosen, values)
  const abort = values.here ? undefined : heedSignals()
  const clock = clockIn(join(cache, values.short ? "durations-short.json" : "durations.json"))
  const names = chosen.map(({ name }) => name)
  const began = performance.now()
  for (const [index, benchmark] of chosen.entries()) {
    const started = performance.now()
    if (!isOne)
      progress(
        `${benchmark.name}: ${index + 1} of ${chosen.length}, after ${minutes(started - began)}; about ${minutes(clock.expected_ms(names.slice(index)))} left`,
      )
    try {
      const { benchmarks, failed } = await (abort === undefined
        ? measureHere(benchmark, values, settings)
        : measureApart(benchmark.name, commandFor(values, settings, absent), { ...settings, abort }))
      if (!isOne && failed.length === 0) clock.took(benchmark.name, performance.now() - started)
      for (const { reason } of failed) progress(`${benchmark.name}: not measured: ${reason}`)
      report = {
        ...report,
        benchmarks: [...report.benchmarks, ...benchmarks],
        failed: [...report.failed, ...failed],
      }
    } catch (cause) {
      if (cause instanceof Interrupted) return { report, interrupted: cause }
      throw cause
    }
    if (json !== undefined) await writeReport(json, report)
  }
  if (!isOne) progress(`measured in ${minutes(performance.now() - began)}`)
  return { report }
}

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  const { positionals, values } = readCommandLine(args)
  if (values.help) return void process.stdout.write(help)
  refuseContradictions(values, positionals)
  const all = await discover(join(import.meta.dirname, "benchmarks"))
  if (values.list) return all.forEach(({ name, title }) => console.log(`${name}  ${title}`))

  const chosen = choose(all, positionals)
  const { interrupted, report }: Measured =
    values.from === undefined
      ? await measureAll(chosen, chosen.length === all.length, values)
      : { report: await readReport(fromHere(values.from)) }
  process.stdout.write(renderTable(report))
  if (report.failed.length > 0) process.exitCode = 1
  const page = pageOf(values)
  const names = all.map(({ name }) => name)
  const not_whole = values.write && interrupted === undefined ? whyNotWhole(report, names) : undefined
  if (not_whole !== undefined) {
    process.exitCode = 1
    progress(
      `bench: docs/benchmarks.md stays as it was, since it shows one whole run: ${not_whole}; --page FOLDER writes what there is, from the report in ${values.from ?? values.json ?? last}`,
    )
  } else if (interrupted === undefined && page !== undefined) await writePage(page, report)
  if (interrupted !== undefined) {
    progress(`bench: ${report.benchmarks.length} of ${chosen.length} were measured; no page is written`)
    throw interrupted
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  // What was refused in a process of its own was told there.
  if (!(error instanceof Refused)) progress(`bench: ${reasonOf(error)}`)
  const isUsage = error instanceof UsageError || error instanceof Refused
  process.exitCode = isUsage ? usage_code : error instanceof Interrupted ? error.exitCode : 1
}
