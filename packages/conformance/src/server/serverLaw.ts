/**
 * A law about a JobSpec server, as it is written down: what it needs, and a check that asks over HTTP.
 *
 * @module
 */
import { Effect } from "effect"
import type { Law } from "../Law.ts"
import type { Level } from "../LawKind.ts"
import type { Desk } from "./Desk.ts"
import type { Capabilities } from "./Target.ts"

/** What the author of a server may add so that more can be looked at. */
export type Hook = "restart" | "ledger"

/** What a server may lack: then the law says nothing about it. */
type Ability = { readonly [K in keyof Capabilities]: Capabilities[K] extends boolean ? K : never }[keyof Capabilities]

export interface ServerLaw extends Law<Desk> {
  readonly level: Level
  readonly source: string
  /** Whether it goes on for as long as it may: it comes last, with what is left of the time. */
  readonly isSearch?: boolean
  /** Whether it needs so much in the ledger that it comes after the searches, which leave much. */
  readonly isLate?: boolean
  /** What the caller has to give for it. */
  readonly hooks?: ReadonlyArray<Hook>
}

export interface ServerLawFields {
  readonly id: string
  readonly level: Level
  /** Where the promise is written: `JobSpec v0 §5.1`. */
  readonly source: string
  readonly statement: string
  readonly violation: string
  /** Without these the law does not apply. A token that the caller did not give is asked for instead. */
  readonly needs?: ReadonlyArray<Ability | "consumers">
  /** What the caller has to give for it. */
  readonly hooks?: ReadonlyArray<Hook>
  readonly isSearch?: boolean
  readonly isLate?: boolean
  readonly check: (desk: Desk) => Promise<void>
}

const lacking: Readonly<Record<Ability | "consumers", string>> = {
  mutates: "the server takes no jobs from this token",
  cancels: "the server has no route to cancel a job",
  works: "the server has no routes for workers, so that nobody can see over HTTP how jobs are claimed",
  consumers: "the server has no consumer surface",
  aliases: "the server has no paths without /v1",
  schedules: "the server has no schedules",
  plans: "the server has no plans",
  failpoints: "the server lets no request ask for a failure",
}

const unasked = {
  restart: "needs a command that kills and restarts the server (--restart-cmd)",
  ledger: "needs the path of the server's ledger (--ledger)",
} as const

/** Why a law was skipped for which there was no time: that is never an excuse. */
export const no_time = "there was no time left (--time)"

/** A search that has less time than this shows nothing. */
const search_ms_min = 500

const has = ({ can }: Desk, ability: Ability | "consumers"): boolean =>
  ability === "consumers" ? can.consumers.length > 0 : can[ability]

/** Whether what is lacking is only a token that the caller could give. */
const lacksToken = ({ target }: Desk, ability: Ability | "consumers"): boolean =>
  target.token === undefined && ["mutates", "cancels", "works", "failpoints"].includes(ability)

export const serverLaw = ({ check, hooks = [], needs = [], ...law }: ServerLawFields): ServerLaw => ({
  ...law,
  hooks,
  appliesTo: (desk) => {
    const missing = needs.find((ability) => !has(desk, ability) && !lacksToken(desk, ability))
    return missing === undefined ? undefined : lacking[missing]
  },
  skips: (desk) => {
    if (needs.some((ability) => lacksToken(desk, ability))) return "needs a token (--token)"
    const hook = hooks.find((each) => desk.target[each] === undefined)
    if (hook !== undefined) return unasked[hook]
    return law.isSearch === true && desk.search_ms < search_ms_min ? no_time : undefined
  },
  check: (desk) => Effect.tryPromise({ try: () => check(desk), catch: (error) => error }),
})
