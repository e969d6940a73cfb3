/**
 * Asking for events (JobSpec v0 §3.4).
 *
 * @module
 */
import { Result } from "effect"

export const events_limit_max = 1000

/** How a query for events is refused. The texts are the contract's. */
export type EventsRefusal = "event cursor not found" | "limit must be a non-negative integer"

/** The exclusive cursor: `since`, or `after_id` where that is absent or blank. `undefined`: from the beginning. */
export const cursorOf = (parameters: { readonly since?: string; readonly after_id?: string }): string | undefined => {
  const since = parameters.since?.trim() ?? ""
  const cursor = since === "" ? (parameters.after_id?.trim() ?? "") : since
  return cursor === "" ? undefined : cursor
}

const int64_max = 2n ** 63n - 1n

/**
 * How many events at most; `undefined`: all of them. More than {@link events_limit_max} becomes that many. Ask after the
 * cursor was found: its refusal comes first.
 */
export const limitOf = (text: string | undefined): Result.Result<number | undefined, EventsRefusal> => {
  const digits = text?.trim() ?? ""
  if (digits === "") return Result.succeed(undefined)
  const refused = Result.fail<EventsRefusal>("limit must be a non-negative integer")
  if (!/^[+-]?\d+$/u.test(digits)) return refused
  const limit = BigInt(digits.replace(/^\+/u, ""))
  if (limit < 0n || limit > int64_max) return refused
  return Result.succeed(Number(limit > BigInt(events_limit_max) ? BigInt(events_limit_max) : limit))
}

/**
 * Where an event id of ours says that it stands: its last digits. Read the event there and compare its id; ids of other
 * writers end in a number that is no position.
 */
export const positionIn = (eventId: string): number | undefined => {
  const digits = /_(\d{6,16})$/u.exec(eventId)?.[1]
  const position = digits === undefined ? 0 : Number(digits)
  return Number.isSafeInteger(position) && position > 0 ? position : undefined
}
