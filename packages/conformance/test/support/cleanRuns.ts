/** Runs of the whole kit at default settings against our own server, several at the same time: each waits for its leases most of the time. */
import { formatServerReport, type ServerReport } from "@waybill/conformance"
import { startPostgres } from "@waybill/conformance/postgres-server"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import type { InDatabase } from "./ownProgram.ts"

/** Where the server's ledger is. */
export type LedgerPlace = "files" | "PostgreSQL"

export interface RunsOptions {
  /** How many runs. */
  readonly runs: number
  /** How many of them at the same time. */
  readonly at_once: number
  /** The seed of the first run; each one after it has the next. */
  readonly first_seed: number
  /** Hears of each run when it is done: what to print. */
  readonly say: (line: string) => void
}

/** What one run came to. */
export interface Run {
  readonly seed: number
  /** None where the run itself came to grief. */
  readonly report: ServerReport | undefined
  /** What was broken, or not looked at although it could have been; empty where the run is clean. */
  readonly flaws: ReadonlyArray<string>
}

/** What cannot be looked at where a ledger is: there is no file to damage in a database. */
const excused: Readonly<Record<LedgerPlace, RegExp | undefined>> = { files: undefined, PostgreSQL: /\(--ledger\)$/u }

const flawsOf = ({ claimed, isKept, laws }: ServerReport, where: LedgerPlace): ReadonlyArray<string> => [
  ...(isKept ? [] : [`the claim to level ${claimed} does not hold`]),
  ...laws.flatMap(({ id, verdict }) => {
    if (verdict.status === "pass") return []
    if (verdict.status === "skipped" && excused[where]?.test(verdict.reason) === true) return []
    return [`${id} ${verdict.status}: ${verdict.reason}`]
  }),
]

const sentenceOf = (where: LedgerPlace, { flaws, report, seed }: Run): string => {
  if (report === undefined) return `${where}, seed ${seed}: NO REPORT`
  const count = (status: string) => report.laws.filter(({ verdict }) => verdict.status === status).length
  const counts = `${count("pass")} pass, ${count("fail")} fail, ${count("not applicable")} not applicable, ${count("skipped")} skipped`
  return `${where}, seed ${seed}: ${flaws.length === 0 ? "clean" : "NOT CLEAN"}, ${counts}, ${(report.took_ms / 1000).toFixed(1)} s`
}

const program = join(import.meta.dirname, "oneRun.ts")

/** One run in a process of its own, so that several at the same time do not wait for each other. */
const oneRun = async (where: LedgerPlace, seed: number, database: InDatabase | undefined): Promise<Run> => {
  const words = [String(seed), ...(database === undefined ? [] : [database.url, database.schema])]
  const child = spawn(process.execPath, ["--conditions=@waybill/source", program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [printed] = await Promise.all([text(child.stdout), once(child, "exit")])
  if (child.exitCode !== 0)
    return { seed, report: undefined, flaws: [`the run ended with ${child.exitCode ?? child.signalCode}: ${printed}`] }
  const report = JSON.parse(printed) as ServerReport
  return { seed, report, flaws: flawsOf(report, where) }
}

/**
 * Runs the kit so often, each time against a server of its own with an empty ledger, and answers the runs in the order of their seeds.
 * What was broken is said in full.
 */
export const cleanRuns = async (
  where: LedgerPlace,
  { at_once, first_seed, runs, say }: RunsOptions,
): Promise<ReadonlyArray<Run>> => {
  const since = performance.now()
  const database = where === "PostgreSQL" ? await startPostgres({ fsync: true }) : undefined
  const done: Array<Run> = []
  try {
    let next = first_seed
    await Promise.all(
      Array.from({ length: Math.min(at_once, runs) }, async () => {
        while (next < first_seed + runs) {
          const seed = next++
          const its = database === undefined ? undefined : { url: database.url, schema: `run_${seed}` }
          const run = await oneRun(where, seed, its)
          done.push(run)
          say(sentenceOf(where, run))
          const full = run.report === undefined ? [] : [formatServerReport(run.report)]
          if (run.flaws.length > 0) say([...run.flaws, ...full].join("\n"))
        }
      }),
    )
  } finally {
    await database?.close()
  }
  const clean = done.filter(({ flaws }) => flaws.length === 0).length
  const took_s = done.map(({ report }) => (report?.took_ms ?? 0) / 1000).toSorted((a, b) => a - b)
  const all_s = ((performance.now() - since) / 1000).toFixed(0)
  const last = first_seed + runs - 1
  say(
    `${where}: ${clean} of ${runs} runs clean (seeds ${first_seed} to ${last}, ${at_once} at once), ${took_s[0]?.toFixed(1)} to ${took_s.at(-1)?.toFixed(1)} s each, ${all_s} s in all`,
  )
  return done.toSorted((a, b) => a.seed - b.seed)
}
