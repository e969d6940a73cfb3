/**
 * How long, as callers say it.
 *
 * @module
 */

const unit_ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/**
 * Milliseconds: `durationOf("60s")` and `durationOf(60)` are 60000, `durationOf("250ms")` is 250. Units are `ms`, `s`, `m`
 * and `h`; a bare number is seconds. `undefined` for anything else, also for what is negative.
 */
export const durationOf = (said: string | number): number | undefined => {
  const parts = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)?$/u.exec(typeof said === "number" ? String(said) : said.trim())
  if (parts === null) return undefined
  return Math.round(Number(parts[1]) * unit_ms[(parts[2] ?? "s") as keyof typeof unit_ms])
}
