/**
 * The black-box kit: checks a JobSpec server over HTTP and reports.
 *
 * @module
 */
import { Effect } from "effect"
import { randomInt, randomUUID } from "node:crypto"
import { checkLaw } from "../checkLaws.ts"
import { findLaws } from "../findLaws.ts"
import type { Law } from "../Law.ts"
import type { Level } from "../LawKind.ts"
import type { Checked, Verdict } from "../Report.ts"
import { type Client, makeClient } from "./Client.ts"
import { detect } from "./detect.ts"
import { type Address, type Desk, makeDesk } from "./Desk.ts"
import { claimHolds, highestClaim, type LevelResult, levelResults } from "./levels.ts"
import type { ServerLaw } from "./serverLaw.ts"
import type { Capabilities, Target } from "./Target.ts"

export interface CheckServerOptions {
  /** The level that the server claims; laws above it are not looked at. By default everything is, and the highest that holds is told. */
  readonly level?: Level
  /** What the random requests are drawn from; the same seed draws the same ones. */
  readonly seed?: number
  /** How long it may take altogether, 60 s by default. What there was no time for is skipped, and said. */
  readonly time_ms?: number
  /** How long each law that searches may go on at most; by default for what is left of the time. */
  readonly search_ms?: number
  /** Only the laws with these numbers. */
  readonly only?: ReadonlyArray<string>
  /** Ends the run before its next law; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Hears of each law as soon as it was looked at. */
  readonly onChecked?: (checked: CheckedServerLaw, done: number, of: number) => void
}

/** One law and what became of it on this server. */
export interface CheckedServerLaw extends Checked {
  readonly level: Level
  readonly source: string
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
  /** Whether the claimed level holds; without a claim, whether no law is broken and some level holds. */
  readonly isKept: boolean
}

const law_ms_max = 60_000

/**
 * Examples first, then what leaves much behind or restarts the server, then searches, and at the end what leaves damage behind:
 * laws of honesty that get to the ledger's file.
 */
const rankOf = ({ hooks = [], id, isSearch }: ServerLaw): 0 | 1 | 2 | 3 => {
  if (isSearch === true) return 2
  if (!id.startsWith("HONESTY")) return hooks.length > 0 ? 1 : 0
  return hooks.length === 2 ? 3 : 1
}

/** What is kept back from searches for each law that comes after them; more on a server that starts more slowly. */
const kept_back_ms_min = 8_000
const kept_back_share = 2
/** Which part of the time each search gets at least: a server that starts slowly must not use it all up for restarts. */
const search_share_min = 1 / 20

const isServerLaw = (law: Law<Desk>): law is ServerLaw => law.level !== undefined && law.source !== undefined

/** Every law of servers, by number: each file in `laws/` is one. */
export const serverLaws = async (): Promise<ReadonlyArray<ServerLaw>> => {
  const laws = await findLaws<Desk>(new URL("./laws/", import.meta.url))
  return laws.map((law) => {
    if (!isServerLaw(law)) throw new Error(`${law.id}: a law of servers has a level and a source`)
    return law
  })
}

/** The ledger's last event; `undefined` where there is none, or the server does not say. */
const lastEvent = async ({ ask }: Client): Promise<string | undefined> => {
  const { json } = await ask("/v1/events?limit=0").catch(() => ({ json: undefined }))
  if (typeof json !== "object" || json === null || !("last_event_id" in json)) return undefined
  return typeof json.last_event_id === "string" && json.last_event_id !== "" ? json.last_event_id : undefined
}

/** Calls off what the run has left behind, so that nobody's worker finds it. */
const tidy = async (url: string, token: string | undefined, jobs: ReadonlySet<string>): Promise<void> => {
  const { ask } = makeClient(() => url, token)
  for (const job_id of jobs)
    await ask("/v1/jobs/cancel", { method: "POST", body: { job_id, reason: "conformance run ended" } }).catch(
      () => undefined,
    )
}

/**
 * Checks a server against every law that applies. The server should have nobody else who uses it meanwhile.
 *
 * @throws {NotAServer} when nothing answers there as a JobSpec server would
 *
 * @example
 * const report = await checkServer({ url: "http://127.0.0.1:8765", token }, { level: 3 })
 * process.exitCode = report.isKept ? 0 : 1
 */
export const checkServer = async (target: Target, options: CheckServerOptions = {}): Promise<ServerReport> => {
  const {
    level: claimed,
    only,
    search_ms: search_ms_max = Number.POSITIVE_INFINITY,
    seed = randomInt(2 ** 31),
    time_ms = 60_000,
  } = options
  const since = performance.now()
  const left_ms = (): number => time_ms - (performance.now() - since)
  const run = randomUUID().slice(0, 8)
  let count = 0
  const fresh = (word = "job"): string => `wb-${run}-${++count}-${word}`
  const address: Address = { url: target.url }
  const jobs = new Set<string>()
  const can = await detect(target, fresh("detect"))
  const all = (await serverLaws()).filter(({ id }) => only === undefined || only.includes(id))
  const order = all.toSorted((a, b) => rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : 1))
  const checked: Array<CheckedServerLaw> = []
  const reader = makeClient(() => address.url, target.token)
  const optional = new Set<string>()
  let slowest_restart_ms = 0
  for (const [i, law] of order.entries()) {
    options.signal?.throwIfAborted()
    const left = order.slice(i)
    const searches = left.filter(({ isSearch }) => isSearch === true).length
    const kept_back_ms = Math.max(kept_back_ms_min, slowest_restart_ms * kept_back_share)
    const searchable_ms = (left_ms() - (left.length - searches) * kept_back_ms) / Math.max(1, searches)
    const search_ms = Math.min(search_ms_max, Math.max(searchable_ms, time_ms * search_share_min))
    const desk = makeDesk(target, address, {
      can,
      seed,
      search_ms,
      fresh,
      since: await lastEvent(reader),
      onJob: (id) => jobs.add(id),
    })
    const at = performance.now()
    // Searches and what comes after them are not given up because what came before took longer than it should have.
    const spare_ms = rankOf(law) >= 2 ? time_ms / 2 : 0
    const verdict = await verdictOn(law, desk, claimed, left_ms() + spare_ms)
    const { id, level, source, statement, violation } = law
    if (verdict.status === "skipped" && lacksOptional(law, target)) optional.add(id)
    const requests = verdict.status === "fail" ? desk.evidence() : []
    const took_ms = Math.round(performance.now() - at)
    if (law.hooks?.includes("restart") === true) slowest_restart_ms = Math.max(slowest_restart_ms, took_ms)
    const done = { id, level, source, statement, violation, verdict, took_ms, requests }
    checked.push(done)
    options.onChecked?.(done, i + 1, order.length)
  }
  await tidy(address.url, target.token, jobs)
  const levels = levelResults(
    checked.map((each) => ({ ...each, isOptional: optional.has(each.id) })),
    can,
  )
  const highest = highestClaim(levels)
  return {
    url: target.url,
    seed,
    took_ms: Math.round(performance.now() - since),
    can,
    laws: checked.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    levels,
    ...(claimed === undefined ? {} : { claimed }),
    ...(highest === undefined ? {} : { highest }),
    isKept:
      claimed === undefined
        ? checked.every(({ verdict }) => verdict.status !== "fail") && highest !== undefined
        : claimHolds(claimed, levels),
  }
}

/** Whether something was not given that the law's level does not ask for. */
const lacksOptional = ({ hooks = [], level }: ServerLaw, target: Target): boolean =>
  hooks.some((hook) => target[hook] === undefined) || (level < 2 && target.token === undefined)

const verdictOn = async (law: ServerLaw, desk: Desk, claimed: Level | undefined, left_ms: number): Promise<Verdict> => {
  try {
    if (claimed !== undefined && law.level > claimed)
      return { status: "skipped", reason: `level ${law.level} is not claimed` }
    if (left_ms <= 0) return { status: "skipped", reason: "there was no time left (--time)" }
    const limit_ms = law.isSearch === true ? law_ms_max + desk.search_ms * 2 : law_ms_max
    return await Effect.runPromise(checkLaw(law, Effect.succeed(desk), { limit_ms }))
  } finally {
    desk.close()
  }
}
