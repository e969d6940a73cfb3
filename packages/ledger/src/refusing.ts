/**
 * What no ledger takes, whatever its state: said before anything is decided or written, also to who calls without a type checker.
 *
 * @module
 */
import { Result } from "effect"
import type { Caller, Expected } from "./Commits.ts"
import { InvalidAppend, StoreRefused } from "./Errors.ts"
import { type Fact, isFact } from "./Fact.ts"
import { refuseRequestId } from "./LedgerEvent.ts"
import { formatTime } from "./Time.ts"

type AnyFact = Fact<string, unknown>

export const batch_facts_max = 1000

const isPlain = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A map, a list, a date or what is inherited has no entries that are looked at: what it was to guard against would not be. */
export const refuseExpected = (expected: Expected): InvalidAppend | undefined => {
  if (!isPlain(expected))
    return new InvalidAppend({
      reason: "expected must be a plain object from job ids to positions, no map, no list and no instance of a class",
    })
  const wrong = Object.entries(expected).find(([, position]) => !Number.isSafeInteger(position) || position < 0)
  return wrong === undefined
    ? undefined
    : new InvalidAppend({
        reason: `expected[${JSON.stringify(wrong[0])}] must be a position: 0 for a job without facts, or more`,
      })
}

/** What a value is, for whoever passed it without the type checker. */
const nameOf = (value: unknown): string => (value === null ? "null" : typeof value)

/** Why nobody may append in this one's name. */
const refuseActor = (actor: unknown): InvalidAppend | undefined => {
  const because = (reason: string) => new InvalidAppend({ reason })
  if (typeof actor !== "string") return because(`actor must be a text, not ${nameOf(actor)}`)
  if (actor.trim() === "") return because("actor is required")
  return actor.isWellFormed() ? undefined : because("actor contains a lone surrogate")
}

/** Why this is no origin: it says who appends, and on whose request if that is known. */
export const refuseOrigin = (origin: Caller): InvalidAppend | undefined =>
  typeof origin === "object" && origin !== null
    ? undefined
    : new InvalidAppend({ reason: `the origin must be { actor, requestId }, not ${nameOf(origin)}` })

/** When it is, as lines say it; or why no line can. */
export const timeOf = (now_ms: number): Result.Result<string, InvalidAppend> =>
  Result.try({
    try: () => formatTime(now_ms),
    catch: () =>
      new InvalidAppend({
        reason: `the clock says ${now_ms} ms, which is not in the years 0 to 9999: nothing is recorded before it is set right`,
      }),
  })

/** Why nobody may append these facts, whatever the state. */
export const refuseAppend = (
  facts: ReadonlyArray<AnyFact>,
  actor: string,
  requestIds: Iterable<string>,
): InvalidAppend | undefined => {
  const because = (reason: string) => new InvalidAppend({ reason })
  if (!facts.every(isFact)) return because("only facts made by a vocabulary's constructor can be appended")
  if (facts.length > batch_facts_max)
    return because(`a batch holds at most ${batch_facts_max} facts, not ${facts.length}`)
  const badActor = refuseActor(actor)
  if (badActor !== undefined) return badActor
  for (const requestId of requestIds) {
    if (typeof requestId !== "string") return because(`request_id must be a text, not ${nameOf(requestId)}`)
    const badRequest = refuseRequestId(requestId)
    if (badRequest !== undefined) return because(`request_id ${badRequest}`)
  }
  return undefined
}

/** A value as a message shows it, for whoever passed it without the type checker. */
const shown = (value: unknown): string =>
  typeof value === "number" || typeof value === "string"
    ? `${typeof value} ${JSON.stringify(String(value))}`
    : nameOf(value)

/**
 * Why nothing can be read from there, in the same words for every store. A position is a whole number from 0 on: no fraction, no
 * text, nothing below 0, no `NaN` and no `Infinity`, which differing stores would take for different places.
 */
export const refusePosition = (where: string, name: "after" | "before", value: unknown): StoreRefused | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? undefined
    : new StoreRefused({
        where,
        reason: `${name} must be a position, a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${shown(value)}; leave it out to read from the ${name === "after" ? "beginning" : "end"}`,
      })

/** Why no job has this id. */
export const refuseJobId = (where: string, jobId: unknown): StoreRefused | undefined =>
  typeof jobId === "string"
    ? undefined
    : new StoreRefused({ where, reason: `the id of the job to read must be a text, not ${nameOf(jobId)}` })
