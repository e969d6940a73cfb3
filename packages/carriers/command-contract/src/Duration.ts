/**
 * Durations as people type them: `300s`, `1h30m`, `500ms`, `1.5s`, and `0` for "no limit".
 *
 * A bare number is refused, because tools disagree on its unit; `0s` is refused, because a computed rest of zero must
 * never become "for ever".
 *
 * @module
 */

/** The longest time that Node's timers keep: above it they fire at once. About 24.8 days. */
export const duration_ms_max = 2_147_483_647

/** A time limit: `ms` is undefined for `0`, no limit. */
export type DurationReading =
  | { readonly ok: true; readonly ms: number | undefined }
  | { readonly ok: false; readonly problem: string }

const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const grammar = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/

const refuse = (problem: string): DurationReading => ({ ok: false, problem })

/** Fractions of a millisecond count as a whole one; the smallest limit is 1 ms. Exact for every legal number of digits. */
const toWhole = (amounts: ReadonlyArray<string | undefined>): bigint => {
  const scale = 15
  let total = 0n
  for (const [index, unit] of Object.values(units).entries()) {
    const amount = amounts[index]
    if (amount === undefined) continue
    const [whole = "0", fraction = ""] = amount.split(".")
    total += BigInt(whole + fraction.padEnd(scale, "0").slice(0, scale)) * BigInt(unit)
    // Digits beyond the scale only matter in that they are not zero.
    if (/[1-9]/.test(fraction.slice(scale))) total += 1n
  }
  const one = 10n ** BigInt(scale)
  return (total + one - 1n) / one
}

/**
 * Reads a duration.
 *
 * @example
 * parseDuration("1h30m") // { ok: true, ms: 5400000 }
 * parseDuration("0")     // { ok: true, ms: undefined }: no limit
 * parseDuration("5")     // { ok: false, problem: '"5" has no unit; write 5s for seconds or 5ms for milliseconds' }
 */
export const parseDuration = (text: string): DurationReading => {
  if (text === "0") return { ok: true, ms: undefined }
  if (text === "") return refuse("is empty; write a number with a unit, such as 30s")
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
  if (/^[0.]+$/.test(text)) return refuse(`${shown} is not a limit; write 0 for no limit`)
  if (/^\d+(\.\d+)?$/.test(text)) {
    return refuse(`${shown} has no unit; write ${text}s for seconds or ${text}ms for milliseconds`)
  }
  if (/^[+-]/.test(text)) return refuse(`${shown} has a sign; write a number with a unit, such as 5s`)
  const match = grammar.exec(text)
  if (match === null) {
    return refuse(`${shown} is not a duration; write h, m, s and ms in this order, each at most once, such as 1h30m`)
  }
  const total = toWhole(match.slice(1))
  if (total === 0n) return refuse(`${shown} is zero; write 0 for no limit`)
  if (total > BigInt(duration_ms_max)) {
    return refuse(`${shown} is longer than ${duration_ms_max} ms, about 24.8 days; write 0 for no limit`)
  }
  return { ok: true, ms: Number(total) }
}

/**
 * A limit as text that {@link parseDuration} reads back: whole seconds as `300s`, the rest as milliseconds, no limit as `0`.
 */
export const formatDuration = (ms: number | undefined): string => {
  if (ms === undefined || ms === 0) return "0"
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`
}
