/**
 * The black-box kit: checks a JobSpec server over HTTP and reports.
 *
 * @module
 */
import { randomInt, randomUUID } from "node:crypto"
import { findLaws } from "../findLaws.ts"
import type { Law } from "../Law.ts"
import type { Level } from "../LawKind.ts"
import type { Checked, Verdict } from "../Report.ts"
import { mayBegin, type Rank, searchTime } from "./budget.ts"
import { type Client, makeClient } from "./Client.ts"
import { detect } from "./detect.ts"
import { type Address, type Desk, makeDesk } from "./Desk.ts"
import { type Earlier, mayHaveChanged } from "./evidence.ts"
import { claimHolds, highestClaim, type LevelResult, levelResults } from "./levels.ts"
import { findLedger, isGone, killing, refusalOf } from "./hooks.ts"
import type { CannotRestart } from "./restartBy.ts"
import { type Hook, no_time, type ServerLaw } from "./serverLaw.ts"
import { tidy } from "./tidy.ts"
import { lacksOptional, notLookedAt, verdictOn } from "./verdictOn.ts"
import type { Capabilities, Target } from "./Target.ts"

export interface CheckServerOptions {
  /** The level that the server claims; laws above it are not looked at. By default everything is, and the highest that holds is told. */
  readonly level?: Level
  /** What the random requests are drawn from; the same seed draws the same ones. */
  readonly seed?: number
  /**
   * How long it should take altogether, 60 s by default. On a busy machine examples begin until half as much is over it, what comes after
   * them until as much; what there was no time for is skipped, and said.
   */
  readonly time_ms?: number
  /** How long each law that searches may go on at most; by default for what is left of the time. */
  readonly search_ms?: number
  /** How long the server may still answer after its restart has killed it; 5 s by default. */
  readonly kill_ms?: number
  /** How long each of the first answers is waited for, which tell what the server can do; 15 s by default. */
  readonly detect_ms?: number
  /** How long the ledger's last event is waited for before a law; where it does not come it is not asked for again; 5 s by default. */
  readonly last_event_ms?: number
  /** Only the laws with these numbers. */
  readonly only?: ReadonlyArray<string>
  /** Ends the run; what it made is called off, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Hears of what was looked at before the signal ended the run; the laws after it are skipped, and say so. */
  readonly onInterrupted?: (report: ServerReport) => void
  /** Hears of each law as soon as it was looked at. */
  readonly onChecked?: (checked: CheckedServerLaw, done: number, of: number) => void
}

/** One law and what became of it on this server. */
export interface CheckedServerLaw extends Checked {
  readonly level: Level
  readonly source: string
  /** Whether it sends random requests: what it finds is often said shorter by a law that asks for one thing. */
  readonly isSearch: boolean
  /** What the caller has to give for it. */
  readonly hooks: ReadonlyArray<Hook>
  /** For a law that is broken: the requests that show it, as commands for a shell, each with its answer. */
  readonly requests: ReadonlyArray<string>
}

export interface ServerReport {
  readonly url: string
  /** Give it again, and the same random requests are sent. */
  readonly seed: number
  readonly took_ms: number
  readonly can: Capabilities
  readonly laws: ReadonlyArray<CheckedServerLaw>
  readonly levels: ReadonlyArray<LevelResult>
  /** The level that was claimed by the caller. */
  readonly claimed?: Level
  /** The highest level whose claim would hold. */
  readonly highest?: Level
  /** Whether the run was ended before everything was looked at. */
  readonly isInterrupted: boolean
  /** Whether the claimed level holds; without a claim, whether no law is broken and some level holds. Never so where it was interrupted. */
  readonly isKept: boolean
}

/**
 * Examples first, then what restarts the server, then searches and what needs much in the ledger, and at the end what leaves damage:
 * laws of honesty that get to the ledger's file.
 */
const rankOf = ({ hooks = [], id, isLate, isSearch }: ServerLaw): Rank => {
  if (isSearch === true) return 2
  if (isLate === true) return 3
  if (!id.startsWith("HONESTY")) return hooks.length > 0 ? 1 : 0
  return hooks.length === 2 ? 4 : 1
}

/** Of the searches the one that asks for less comes first: another one leaves a ledger that takes long to read. */
const beforeOther = (a: ServerLaw, b: ServerLaw): number => (a.isSearch === true ? a.level - b.level : 0)

/** How long the server may still answer after it was killed. */
const kill_ms_default = 5_000
const last_event_ms_default = 5_000
const detect_ms_default = 15_000
/** How long the run's jobs are called off in the end. */
const tidy_ms = 15_000

const isServerLaw = (law: Law<Desk>): law is ServerLaw => law.level !== undefined && law.source !== undefined

/** Every law of servers, by number: each file in `laws/` is one. */
export const serverLaws = async (): Promise<ReadonlyArray<ServerLaw>> => {
  const laws = await findLaws<Desk>(new URL("./laws/", import.meta.url))
  return laws.map((law) => {
    if (!isServerLaw(law)) throw new Error(`${law.id}: a law of servers has a level and a source`)
    return law
  })
}

/** What a report says of a law, whatever became of it. */
const toldOf = ({ hooks = [], id, isSearch = false, level, source, statement, violation }: ServerLaw) => ({
  id,
  level,
  source,
  statement,
  violation,
  isSearch,
  hooks,
})

/** The ledger's last event; `undefined` where there is none, or the server does not say. Rejects where it does not answer. */
const lastEvent = async ({ ask }: Client, last_event_ms: number): Promise<string | undefined> => {
  const { json } = await ask("/v1/events?limit=0", { deadline_ms: last_event_ms })
  if (typeof json !== "object" || json === null || !("last_event_id" in json)) return undefined
  return typeof json.last_event_id === "string" && json.last_event_id !== "" ? json.last_event_id : undefined
}

/**
 * Checks a server against every law that applies. The server should have nobody else who uses it meanwhile.
 *
 * @throws {NotAServer} when nothing answers there as a JobSpec server would
 * @throws {TokenRefused} when it does not take the token
 * @throws {CannotRestart} when the restart does not kill the server, or it does not answer after the first one
 * @throws {NoLedger} when there is no file at the path of the ledger
 *
 * @example
 * const report = await checkServer({ url: "http://127.0.0.1:8765", token }, { level: 3 })
 * process.exitCode = report.isKept ? 0 : 1
 */
export const checkServer = async (given: Target, options: CheckServerOptions = {}): Promise<ServerReport> => {
  const {
    detect_ms = detect_ms_default,
    kill_ms = kill_ms_default,
    last_event_ms = last_event_ms_default,
    level: claimed,
    only,
    search_ms: search_ms_max = Number.POSITIVE_INFINITY,
    seed = randomInt(2 ** 31),
    time_ms = 60_000,
  } = options
  const since = performance.now()
  const left_ms = (): number => time_ms - (performance.now() - since)
  const mark = `wb-${randomUUID().slice(0, 8)}`
  let count = 0
  const fresh = (word = "job"): string => `${mark}-${++count}-${word}`
  const address: Address = { url: given.url }
  const jobs = new Set<string>()
  const earlier: Array<Earlier> = []
  let unusable: CannotRestart | undefined
  const target: Target =
    given.restart === undefined
      ? given
      : {
          ...given,
          restart: killing(
            given.restart,
            () => address.url,
            kill_ms,
            (error) => {
              unusable = error
            },
          ),
        }
  const can = await detect(target, fresh("detect"), detect_ms)
  const all = (await serverLaws()).filter(({ id }) => only === undefined || only.includes(id))
  const order = all.toSorted((a, b) => rankOf(a) - rankOf(b) || beforeOther(a, b) || (a.id < b.id ? -1 : 1))
  const reader = makeClient(() => address.url, target.token)
  const deskFor = (search_ms: number, last: string | undefined): Desk =>
    makeDesk(target, address, { can, seed, search_ms, fresh, since: last, jobs, earlier })
  const outside = (law: ServerLaw): Verdict | undefined => notLookedAt(law, deskFor(time_ms, undefined), claimed)
  const checked: Array<CheckedServerLaw> = []
  const optional = new Set<string>()
  let slowest_restart_ms = 0
  let isMute = false
  let stopped: string | undefined
  let spoilt: { readonly law: ServerLaw | undefined; readonly requests: ReadonlyArray<string> } | undefined
  const reportNow = (isInterrupted: boolean): ServerReport => {
    const levels = levelResults(
      checked.map((each) => ({ ...each, isOptional: optional.has(each.id) })),
      can,
    )
    const highest = highestClaim(levels)
    const isKept =
      claimed === undefined
        ? checked.every(({ verdict }) => verdict.status !== "fail") && highest !== undefined
        : claimHolds(claimed, levels)
    return {
      url: target.url,
      seed,
      took_ms: Math.round(performance.now() - since),
      can,
      laws: checked.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      levels,
      ...(claimed === undefined ? {} : { claimed }),
      ...(highest === undefined ? {} : { highest }),
      isInterrupted,
      isKept: isKept && !isInterrupted,
    }
  }
  const unlooked = (law: ServerLaw): CheckedServerLaw => ({
    ...toldOf(law),
    took_ms: 0,
    requests: [],
    verdict: { status: "skipped", reason: "the run was interrupted" },
  })
  try {
    const within = order.filter((law) => outside(law) === undefined)
    if (target.ledger !== undefined && within.some(({ hooks = [] }) => hooks.includes("ledger"))) {
      if (can.mutates) await deskFor(0, undefined).post("/v1/jobs", { job_type: "eval.suite" })
      findLedger(target.ledger)
    }
    // A hook that does nothing is told also where what needs it lacks another one.
    const usesRestart = ({ hooks = [], level }: ServerLaw): boolean =>
      hooks.includes("restart") && level <= (claimed ?? level)
    if (target.restart !== undefined && order.some(usesRestart)) {
      const desk = deskFor(0, undefined)
      const before = can.mutates ? await refusalOf(desk) : undefined
      const at = performance.now()
      await desk.restart()
      slowest_restart_ms = performance.now() - at
      const refusal = can.mutates && before === undefined ? await refusalOf(desk) : undefined
      if (refusal !== undefined) {
        stopped = `after its first restart the server takes no submission any more: ${refusal}`
        spoilt = { law: within.find(usesRestart), requests: desk.evidence("") }
      }
    }
    for (const [i, law] of order.entries()) {
      options.signal?.throwIfAborted()
      const left = order.slice(i)
      const searches = left.filter(({ isSearch }) => isSearch === true).length
      const restarts = left.filter(({ isLate, isSearch }) => isSearch !== true && isLate !== true).length
      const ahead = { time_ms, left_ms: left_ms(), searches, restarts, slowest_restart_ms }
      const search_ms = Math.min(search_ms_max, searchTime(ahead))
      const at = performance.now()
      let requests: ReadonlyArray<string> = []
      const look = async (): Promise<Verdict> => {
        if (stopped !== undefined && law === spoilt?.law) {
          requests = spoilt.requests
          return { status: "fail", reason: stopped }
        }
        if (stopped !== undefined) return { status: "skipped", reason: stopped }
        if (!mayBegin(rankOf(law), left_ms(), time_ms)) return { status: "skipped", reason: no_time }
        const last = isMute ? undefined : await lastEvent(reader, last_event_ms).catch(() => void (isMute = true))
        const desk = deskFor(search_ms, typeof last === "string" ? last : undefined)
        const verdict = await verdictOn(law, desk, options.signal)
        earlier.push({ law: law.id, exchanges: desk.exchanges().filter(mayHaveChanged) })
        if (verdict.status !== "fail") return verdict
        requests = desk.evidence(verdict.reason)
        const lost = desk.exchanges().find(({ outcome }) => "lost" in outcome)
        if (unusable !== undefined || options.signal?.aborted === true || !(await isGone(address.url))) return verdict
        stopped = `the server stopped answering${lost === undefined ? "" : ` at ${lost.asked.method} ${lost.asked.path}`} (${law.id})`
        return { ...verdict, reason: `${stopped}: ${verdict.reason}` }
      }
      const unseen = outside(law)
      if (unseen !== undefined && lacksOptional(law, unseen, target)) optional.add(law.id)
      const verdict = unseen ?? (await look())
      options.signal?.throwIfAborted()
      if (unusable !== undefined) throw unusable
      const took_ms = Math.round(performance.now() - at)
      if (law.hooks?.includes("restart") === true) slowest_restart_ms = Math.max(slowest_restart_ms, took_ms)
      const done = { ...toldOf(law), verdict, took_ms, requests }
      checked.push(done)
      options.onChecked?.(done, i + 1, order.length)
    }
  } catch (cause) {
    if (options.signal?.aborted === true) {
      checked.push(...order.slice(checked.length).map(unlooked))
      options.onInterrupted?.(reportNow(true))
    }
    throw cause
  } finally {
    if (can.cancels && stopped === undefined) await tidy({ url: address.url, token: target.token, mark, jobs }, tidy_ms)
  }
  return reportNow(false)
}
