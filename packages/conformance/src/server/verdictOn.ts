/**
 * What becomes of one law of servers: why it is not looked at, or what its check says.
 *
 * @module
 */
import { Effect } from "effect"
import { checkLaw } from "../checkLaws.ts"
import type { Level } from "../LawKind.ts"
import type { Verdict } from "../Report.ts"
import type { Desk } from "./Desk.ts"
import { no_time, type ServerLaw } from "./serverLaw.ts"
import type { Target } from "./Target.ts"

const law_ms_max = 60_000

/** Why a law is not looked at on this server, however much time there is. */
export const notLookedAt = (law: ServerLaw, desk: Desk, claimed: Level | undefined): Verdict | undefined => {
  if (claimed !== undefined && law.level > claimed)
    return { status: "skipped", reason: `level ${law.level} is not claimed` }
  const isNot = law.appliesTo?.(desk)
  if (isNot !== undefined) return { status: "not applicable", reason: isNot }
  const needs = law.skips?.(desk)
  return needs === undefined ? undefined : { status: "skipped", reason: needs }
}

/** Checks a law, within its time; the desk is closed afterwards. */
export const verdictOn = async (law: ServerLaw, desk: Desk, signal: AbortSignal | undefined): Promise<Verdict> => {
  signal?.addEventListener("abort", desk.close, { once: true })
  try {
    const limit_ms = law.isSearch === true ? law_ms_max + desk.search_ms * 2 : law_ms_max
    return await Effect.runPromise(checkLaw(law, Effect.succeed(desk), { limit_ms }))
  } finally {
    signal?.removeEventListener("abort", desk.close)
    desk.close()
  }
}

/** Whether a law is skipped for something that its level does not ask for: a hook, or below level 2 a token. Time is no such thing. */
export const lacksOptional = ({ hooks = [], level }: ServerLaw, verdict: Verdict, target: Target): boolean =>
  verdict.status === "skipped" &&
  verdict.reason !== no_time &&
  (hooks.some((hook) => target[hook] === undefined) || (level < 2 && target.token === undefined))
