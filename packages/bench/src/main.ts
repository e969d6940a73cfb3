import { writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Benchmark } from "./Benchmark.ts"
import { discover } from "./Discovery.ts"
import { type Bench, measure } from "./Harness.ts"
import { describeMachine, installedVersions } from "./Machine.ts"
import type { BenchmarkResult, Report } from "./Report.ts"
import { renderTable } from "./Table.ts"

const help = `usage: npm run bench -- [NAME...] [options]

Measures the benchmarks named, or all of them. The table goes to stdout, progress to stderr.

  --json FILE    also write the whole report as JSON
  --runs N       measured runs per subject (default 10)
  --warmups N    runs before measuring starts (default 2)
  --seed N       decides the generated input (default 1)
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

const main = async (args: ReadonlyArray<string>): Promise<void> => {
  const { positionals, values } = readCommandLine(args)
  if (values.help) return void process.stdout.write(help)
  const all = await discover(join(import.meta.dirname, "benchmarks"))
  if (values.list) return all.forEach(({ name, title }) => console.log(`${name}  ${title}`))

  const chosen = choose(all, positionals)
  const settings = {
    runs: whole("runs", values.runs, 1),
    warmups: whole("warmups", values.warmups, 0),
    seed: whole("seed", values.seed, 0),
  }
  const bench: Bench = {
    now: () => performance.now(),
    collectGarbage: exposeCollector(),
    progress: (line) => process.stderr.write(`${line}\n`),
  }
  const started_at = new Date().toISOString()
  const benchmarks: Array<BenchmarkResult> = []
  for (const benchmark of chosen) benchmarks.push(await measure(bench, benchmark, settings))
  const report: Report = {
    schema_version: "waybill-bench/1",
    started_at,
    ...settings,
    garbage_collected: bench.collectGarbage !== undefined,
    machine: describeMachine(),
    versions: installedVersions(join(import.meta.dirname, "../../..")),
    benchmarks,
  }
  if (values.json !== undefined) {
    await writeFile(resolve(process.env["INIT_CWD"] ?? ".", values.json), `${JSON.stringify(report, null, 2)}\n`)
  }
  process.stdout.write(renderTable(report))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
