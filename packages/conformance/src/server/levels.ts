/**
 * Which levels of JobSpec a server was seen to hold (JobSpec v0 §16.2).
 *
 * @module
 */
import { all_levels, type Level } from "../LawKind.ts"
import type { Verdict } from "../Report.ts"
import type { Capabilities } from "./Target.ts"

export type LevelStatus =
  /** Every law of it that applies was looked at and holds; what needs a hook that nobody gave may have been skipped. */
  | "holds"
  | "broken"
  /** Something was not looked at that should have been. */
  | "not shown"
  /** The server lacks what the level is about. */
  | "not applicable"

export interface LevelResult {
  readonly level: Level
  readonly status: LevelStatus
  readonly reason?: string
  readonly pass: number
  readonly fail: number
  readonly not_applicable: number
  readonly skipped: number
}

export interface CheckedOfLevel {
  readonly id: string
  readonly level: Level
  readonly verdict: Verdict
  /** Whether it was skipped for lack of something that its level does not ask for: a hook, or below level 2 a token. */
  readonly isOptional: boolean
}

const needed: Readonly<Record<Level, (can: Capabilities) => string | undefined>> = {
  0: () => undefined,
  1: () => undefined,
  2: ({ mutates }) => (mutates ? undefined : "the server takes no jobs"),
  3: ({ cancels, works }) =>
    works && cancels
      ? undefined
      : "the server has no routes for workers (or none to cancel), so that nobody can see how jobs are executed",
  4: ({ consumers }) => (consumers.length > 0 ? undefined : "the server has no consumer surface"),
}

const statusOf = (
  laws: ReadonlyArray<CheckedOfLevel>,
  lacks: string | undefined,
): Pick<LevelResult, "status" | "reason"> => {
  const broken = laws.filter(({ verdict }) => verdict.status === "fail")
  if (broken.length > 0) return { status: "broken", reason: broken.map(({ id }) => id).join(", ") }
  const missed = laws.find(({ isOptional, verdict }) => verdict.status === "skipped" && !isOptional)
  if (missed?.verdict.status === "skipped")
    return { status: "not shown", reason: `${missed.id}: ${missed.verdict.reason}` }
  if (lacks !== undefined) return { status: "not applicable", reason: lacks }
  if (!laws.some(({ verdict }) => verdict.status === "pass"))
    return { status: "not shown", reason: "no law of it was looked at" }
  return { status: "holds" }
}

/** What became of each level. */
export const levelResults = (laws: ReadonlyArray<CheckedOfLevel>, can: Capabilities): ReadonlyArray<LevelResult> =>
  all_levels.map((level) => {
    const these = laws.filter((law) => law.level === level)
    const count = (status: Verdict["status"]) => these.filter(({ verdict }) => verdict.status === status).length
    return {
      level,
      ...statusOf(these, needed[level](can)),
      pass: count("pass"),
      fail: count("fail"),
      not_applicable: count("not applicable"),
      skipped: count("skipped"),
    }
  })

/**
 * Whether a claim to a level holds: the level itself does, and none below it is broken or was not shown. A level below that does
 * not apply may be missing from a claim, as long as that is said (§16.2), which the report does.
 */
export const claimHolds = (claimed: Level, results: ReadonlyArray<LevelResult>): boolean =>
  results.every(({ level, status }) => {
    if (level > claimed) return true
    return level === claimed ? status === "holds" : status === "holds" || status === "not applicable"
  })

/** The highest level whose claim would hold. */
export const highestClaim = (results: ReadonlyArray<LevelResult>): Level | undefined =>
  all_levels.findLast((level) => claimHolds(level, results))
