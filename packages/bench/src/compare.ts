import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Change, confidence, judgePairs, pairs_min } from "./Comparison.ts"
import { figure } from "./Table.ts"
import { checkOut, type Worktree } from "./worktree.ts"

const help = `usage: npm run bench:compare -- REVISION [NAME...] [options]

Measures the working tree beside another revision: each benchmark in fresh processes of both, in turns. Says which rows are
faster or slower beyond noise. Peers are left out.

With --slowed, what is measured beside the revision is that same revision with a slow-down of about a fifth put in on purpose, to
see that the comparison tells it: fold (see fold-queue) or append (see append-jsonl-64).

  --pairs N      pairs of processes for each benchmark (default 12, at least ${pairs_min})
  --runs N       measured runs in each process, of which the fastest counts (default 5)
  --warmups N    runs before measuring starts (default 2)
  --short        a hundredth of the input
  --only NAME    one subject of each benchmark, by its name
  --cpu          compare processor time of the thread that measures, which other work on the machine moves less
  --slowed NAME  measure the revision beside itself with packages/bench/slowdowns/NAME.patch
  --fail         exit 1 when a row is slower
  --help         this text
`

/** A mistake in the command line: one line, exit code 2. */
class UsageError extends Error {}

/** Somebody wants it to end: nothing further is measured, and the other revision's folder is removed. */
class Interrupted extends Error {}

const repository = join(import.meta.dirname, "../../..")
const slowdowns = join(import.meta.dirname, "../slowdowns")

const readCommandLine = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        pairs: { type: "string", default: "12" },
        runs: { type: "string", default: "5" },
        warmups: { type: "string", default: "2" },
        short: { type: "boolean", default: false },
        cpu: { type: "boolean", default: false },
        slowed: { type: "string" },
        only: { type: "string" },
        fail: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}

const bench = (root: string, ...args: ReadonlyArray<string>): string => {
  const program = join(root, "packages/bench/src/main.ts")
  const { error, signal, status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=@waybill/source", "--expose-gc", program, ...args],
    { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26, env: { ...process.env, INIT_CWD: root } },
  )
  if (error !== undefined) throw error
  if (signal !== null) throw new Interrupted(`interrupted (${signal})`)
  if (status !== 0) throw new Error(stderr.trimEnd().split("\n").at(-1) ?? "the bench failed")
  return stdout
}

interface Measured {
  readonly benchmarks: ReadonlyArray<{
    readonly subjects: ReadonlyArray<{
      readonly name: string
      readonly role: string
      readonly runs_ms: ReadonlyArray<number>
      readonly runs_cpu_ms?: ReadonlyArray<number>
    }>
  }>
}

/** The fastest run of every subject in one fresh process, in ms; of processor time, the run that took the least. */
const fastest = (
  root: string,
  name: string,
  options: ReadonlyArray<string>,
  folder: string,
  isCpu: boolean,
): Map<string, number> => {
  const file = join(folder, "report.json")
  bench(root, name, ...options, "--json", file)
  const { benchmarks }: Measured = JSON.parse(readFileSync(file, "utf8"))
  const subjects = benchmarks.flatMap((each) => each.subjects).filter(({ role }) => role !== "peer")
  return new Map(
    subjects.map(({ name: subject, runs_cpu_ms, runs_ms }) => {
      if (isCpu && runs_cpu_ms === undefined) throw new Error("one of the revisions does not tell processor time")
      return [subject, Math.min(...(isCpu ? (runs_cpu_ms ?? []) : runs_ms))]
    }),
  )
}

const namesIn = (root: string): ReadonlyArray<string> =>
  bench(root, "--list")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")

const show = (name: string, { high, low, speed, verdict }: Change): string =>
  `  ${verdict.padEnd(6)}  ${figure(speed).padStart(6)}  (${figure(low)} to ${figure(high)})  ${name}\n`

const main = async (): Promise<void> => {
  const { positionals, values } = readCommandLine()
  if (values.help) return void process.stdout.write(help)
  const [revision, ...names] = positionals
  if (revision === undefined) throw new UsageError("name the revision to compare with, such as main or HEAD")
  const pairs_count = Number(values.pairs)
  if (!Number.isSafeInteger(pairs_count) || pairs_count < pairs_min)
    throw new UsageError(`--pairs takes a whole number from ${pairs_min} up: fewer cannot tell a change from noise`)
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)

  const patch = values.slowed === undefined ? undefined : join(slowdowns, `${values.slowed}.patch`)
  if (patch !== undefined && !existsSync(patch))
    throw new UsageError(`there is no slow-down "${values.slowed}": see packages/bench/slowdowns`)

  progress(`checking out ${revision}`)
  const before = await checkOut(repository, revision)
  const folder = mkdtempSync(join(tmpdir(), "waybill-compare-"))
  let slower = 0
  let slowed: Worktree | undefined
  // Ctrl-C reaches the process that measures, too; its end is what stops this one, so that it can tidy up.
  process.once("SIGINT", () => {})
  try {
    if (patch !== undefined) slowed = await checkOut(repository, revision, patch)
    const now_root = slowed?.folder ?? repository
    const helpBefore = bench(before.folder, "--help")
    if (values.short && !helpBefore.includes("--short"))
      throw new UsageError(`${revision} knows no --short, so the same input would not be measured`)
    if (values.only !== undefined && !helpBefore.includes("--only")) throw new UsageError(`${revision} knows no --only`)
    const only = values.only === undefined ? [] : ["--only", values.only]
    const common = [...only, "--runs", values.runs, "--warmups", values.warmups, ...(values.short ? ["--short"] : [])]
    const lean = ["--no-peers", "--no-curves"]
    const optionsBefore = [...common, ...lean.filter((option) => helpBefore.includes(option))]
    const optionsNow = [...common, ...lean]
    const [known, knownBefore] = [namesIn(now_root), new Set(namesIn(before.folder))]
    const unknown = names.find((name) => !known.includes(name) || !knownBefore.has(name))
    if (unknown !== undefined) throw new UsageError(`"${unknown}" is not a benchmark of both revisions`)

    process.stdout.write(
      `speed ${slowed === undefined ? "now" : `slowed down (${values.slowed})`} beside ${revision}${values.cpu ? ", in processor time" : ""}: the middle of ${pairs_count} pairs, and where it lies with ${confidence * 100} %\n`,
    )
    for (const name of names.length > 0 ? names : known.filter((each) => knownBefore.has(each))) {
      const pairs = new Map<string, Array<{ readonly before: number; readonly now: number }>>()
      try {
        for (let pair = 1; pair <= pairs_count; pair++) {
          progress(`${name}: pair ${pair} of ${pairs_count}`)
          const old = () => fastest(before.folder, name, optionsBefore, folder, values.cpu)
          const ours = () => fastest(now_root, name, optionsNow, folder, values.cpu)
          // A machine that slows down all along would favour whoever always comes first.
          const [was, is] = pair % 2 === 0 ? [old(), ours()] : ((now) => [old(), now] as const)(ours())
          for (const [subject, now] of is) {
            const then = was.get(subject)
            if (then !== undefined) pairs.set(subject, [...(pairs.get(subject) ?? []), { before: then, now }])
          }
        }
      } catch (cause) {
        if (cause instanceof Interrupted) throw cause
        process.stdout.write(`${name}: not measured: ${cause instanceof Error ? cause.message : String(cause)}\n`)
        process.exitCode = 1
        continue
      }
      process.stdout.write(`${name}\n`)
      for (const [subject, measured] of pairs) {
        const change = judgePairs(measured)
        if (change.verdict === "slower") slower++
        process.stdout.write(show(subject, change))
      }
    }
    process.stdout.write(
      slower === 0 ? "no row is slower\n" : `${slower} ${slower === 1 ? "row is" : "rows are"} slower\n`,
    )
    if (slower > 0 && values.fail) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
    before.remove()
    slowed?.remove()
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench:compare: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
