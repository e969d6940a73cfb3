import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { usage_code } from "./apart.ts"
import { UsageError, whole, whyRefused } from "./CommandLine.ts"
import { type Change, confidence, judgePairs, pairs_min } from "./Comparison.ts"
import { commitOf, revisionOf } from "./Machine.ts"
import { heedSignals, Interrupted, runGroup, withScratch } from "./ProcessGroup.ts"
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
  --cpu          compare processor time of the thread that measures, which other work on the machine moves less;
                 rows whose work is mostly done by other threads or processes are left out and named
  --slowed NAME  measure the revision beside itself with packages/bench/slowdowns/NAME.patch
  --fail         exit 1 when a row is slower
  --help         this text
`

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
    throw new UsageError(whyRefused(cause))
  }
}

/** Runs the bench of a revision in processes of its own, and answers what it printed. */
type Bench = (root: string, ...args: ReadonlyArray<string>) => Promise<string>

const benchIn =
  (scratch: string, abort: AbortSignal): Bench =>
  async (root, ...args) => {
    const program = join(root, "packages/bench/src/main.ts")
    const { code, signal, stderr, stdout } = await runGroup(
      ["--conditions=@waybill/source", "--expose-gc", program, ...args],
      { scratch, abort, cwd: root, env: { INIT_CWD: root }, isHeard: true },
    )
    if (code === 0) return stdout
    const reason = stderr.trimEnd().split("\n").at(-1) || `the bench ended with ${signal ?? `exit code ${code}`}`
    if (code === usage_code) throw new UsageError(reason.replace(/^bench: /u, ""))
    throw new Error(reason)
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

/** Below this share of the time, processor time of the thread that measures says nothing: others do the work. */
const cpu_share_min = 0.5

/** The fastest run of every subject in one fresh process, in ms; of processor time, the run that took the least, where it tells. */
const fastest = async (
  bench: Bench,
  root: string,
  name: string,
  options: ReadonlyArray<string>,
  folder: string,
  isCpu: boolean,
): Promise<Map<string, number>> => {
  const file = join(folder, "report.json")
  await bench(root, name, ...options, "--json", file)
  const { benchmarks }: Measured = JSON.parse(readFileSync(file, "utf8"))
  const subjects = benchmarks.flatMap((each) => each.subjects).filter(({ role }) => role !== "peer")
  return new Map(
    subjects.map(({ name: subject, runs_cpu_ms, runs_ms }) => {
      if (!isCpu) return [subject, Math.min(...runs_ms)]
      if (runs_cpu_ms === undefined) throw new Error("one of the revisions does not tell processor time")
      const cpu_ms = Math.min(...runs_cpu_ms)
      return [subject, cpu_ms < cpu_share_min * Math.min(...runs_ms) ? Number.NaN : cpu_ms]
    }),
  )
}

const namesIn = async (bench: Bench, root: string): Promise<ReadonlyArray<string>> =>
  (await bench(root, "--list"))
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")

const show = (name: string, { high, low, speed, verdict }: Change): string =>
  `  ${verdict.padEnd(6)}  ${figure(speed).padStart(6)}  (${figure(low)} to ${figure(high)})  ${name}\n`

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`

const readSettings = () => {
  const { positionals, values } = readCommandLine()
  const [revision, ...names] = positionals
  if (values.help) return undefined
  if (revision === undefined) throw new UsageError("name the revision to compare with, such as main or HEAD")
  const pairs_count = whole("pairs", values.pairs, 1)
  if (pairs_count < pairs_min)
    throw new UsageError(`--pairs takes a whole number from ${pairs_min} up: fewer cannot tell a change from noise`)
  const [runs, warmups] = [whole("runs", values.runs, 1), whole("warmups", values.warmups, 0)]
  if (values.cpu && values.short)
    throw new UsageError(
      "--cpu and --short contradict each other: a hundredth of the input is too little processor time",
    )
  const patch = values.slowed === undefined ? undefined : join(slowdowns, `${values.slowed}.patch`)
  if (patch !== undefined && !existsSync(patch)) {
    const there = readdirSync(slowdowns).map((file) => file.replace(/\.patch$/u, ""))
    throw new UsageError(`there is no slow-down "${values.slowed}"; there are ${there.join(", ")}`)
  }
  if (commitOf(repository, revision) === undefined)
    throw new UsageError(`there is no revision "${revision}" here: name a commit, a branch or a tag that git knows`)
  return { ...values, revision, names, pairs_count, runs, warmups, patch }
}
type Settings = NonNullable<ReturnType<typeof readSettings>>

const progress = (line: string): void => void process.stderr.write(`${line}\n`)

/** What is measured beside the other revision, in words. */
const ours = ({ revision, slowed }: Settings): string => {
  if (slowed !== undefined) return `slowed down (${slowed})`
  const now = revisionOf(repository)
  if (now === undefined) return "now"
  if (!now.is_dirty && now.commit === commitOf(repository, revision))
    progress("the working tree holds no change, so both are the same: what differs is noise")
  return `now (${now.commit.slice(0, 10)}${now.is_dirty ? ", with changes that are not committed" : ""})`
}

/** Measures every benchmark that is asked for, in pairs of fresh processes, and says what became of each row. */
const compare = async (settings: Settings, before: Worktree, now_root: string, scratch: string, abort: AbortSignal) => {
  const { cpu, names, only, pairs_count, revision, runs, short, warmups } = settings
  const bench = benchIn(scratch, abort)
  const helpBefore = await bench(before.folder, "--help")
  if (short && !helpBefore.includes("--short"))
    throw new UsageError(`${revision} knows no --short, so the same input would not be measured`)
  if (only !== undefined && !helpBefore.includes("--only")) throw new UsageError(`${revision} knows no --only`)
  const subject = only === undefined ? [] : ["--only", only]
  const common = [...subject, "--runs", `${runs}`, "--warmups", `${warmups}`, ...(short ? ["--short"] : [])]
  const lean = ["--no-peers", "--no-curves", "--here"]
  const optionsBefore = [...common, ...lean.filter((option) => helpBefore.includes(option))]
  // The same revision, slowed down, knows the same options.
  const optionsNow = settings.patch === undefined ? [...common, ...lean] : optionsBefore
  const knownBefore = new Set(await namesIn(bench, before.folder))
  const known = (await namesIn(bench, now_root)).filter((name) => knownBefore.has(name))
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new UsageError(`not a benchmark of both revisions: ${unknown.join(", ")}; there are ${known.join(", ")}`)
  const chosen = names.length > 0 ? names : known

  process.stdout.write(
    `speed ${ours(settings)} beside ${revision}${cpu ? ", in processor time" : ""}: the middle of ${pairs_count} pairs, and where it lies with ${confidence * 100} %\n`,
  )
  const began = performance.now()
  const rows = { all: 0, slower: 0 }
  for (const [index, name] of chosen.entries()) {
    const pairs = new Map<string, Array<{ readonly before: number; readonly now: number }>>()
    try {
      for (let pair = 1; pair <= pairs_count; pair++) {
        const done = index * pairs_count + pair - 1
        const left_ms = ((performance.now() - began) / done) * (chosen.length * pairs_count - done)
        progress(`${name}: pair ${pair} of ${pairs_count}${done === 0 ? "" : `; about ${minutes(left_ms)} left`}`)
        const old = () => fastest(bench, before.folder, name, optionsBefore, scratch, cpu)
        const new_ = () => fastest(bench, now_root, name, optionsNow, scratch, cpu)
        // A machine that slows down all along would favour whoever always comes first.
        const isOldFirst = pair % 2 === 0
        const first = await (isOldFirst ? old() : new_())
        const second = await (isOldFirst ? new_() : old())
        const [was, is] = isOldFirst ? [first, second] : [second, first]
        for (const [each, now] of is) {
          const then = was.get(each)
          if (then !== undefined) pairs.set(each, [...(pairs.get(each) ?? []), { before: then, now }])
        }
      }
    } catch (cause) {
      if (cause instanceof Interrupted || cause instanceof UsageError) throw cause
      process.stdout.write(`${name}: not measured: ${cause instanceof Error ? cause.message : String(cause)}\n`)
      process.exitCode = 1
      continue
    }
    process.stdout.write(`${name}\n`)
    for (const [each, measured] of pairs) {
      if (measured.some(({ before: was, now: is }) => Number.isNaN(was) || Number.isNaN(is))) {
        process.stdout.write(`  not told by processor time, others do most of its work: ${each}\n`)
        continue
      }
      const change = judgePairs(measured)
      rows.all++
      if (change.verdict === "slower") rows.slower++
      process.stdout.write(show(each, change))
    }
  }
  return rows
}

const main = async (): Promise<void> => {
  const settings = readSettings()
  if (settings === undefined) return void process.stdout.write(help)
  const { fail, patch, revision } = settings
  const abort = heedSignals()
  progress(`checking out ${revision}`)
  const before = await checkOut(repository, revision)
  let slowed: Worktree | undefined
  try {
    if (patch !== undefined) slowed = await checkOut(repository, revision, patch)
    const now_root = slowed?.folder ?? repository
    const { all, slower } = await withScratch((scratch) => compare(settings, before, now_root, scratch, abort))
    process.stdout.write(
      all === 0
        ? "nothing was measured\n"
        : slower === 0
          ? "no row is slower\n"
          : `${slower} ${slower === 1 ? "row is" : "rows are"} slower\n`,
    )
    if (slower > 0 && fail) process.exitCode = 1
  } finally {
    before.remove()
    slowed?.remove()
  }
}

try {
  await main()
} catch (error) {
  progress(`bench:compare: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof UsageError ? usage_code : error instanceof Interrupted ? error.exitCode : 1
}
