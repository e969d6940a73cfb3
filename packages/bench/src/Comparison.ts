/**
 * Whether a row changed between two revisions, from pairs of processes that ran one right after the other.
 *
 * @module
 */
import { spreadOf } from "./Harness.ts"

/** How sure an interval is; a run of a hundred rows that did not change then names about one. */
export const confidence = 0.99
/** Below this, a change is not worth a word, however sure. */
export const least_change = 0.03
/** The least number of pairs whose whole range is that sure. */
export const pairs_min = 8

export interface Change {
  /** The middle of `time before / time now`: above 1 is faster now. */
  readonly speed: number
  /** Where the true middle lies, as sure as `confidence` says. */
  readonly low: number
  readonly high: number
  readonly verdict: "faster" | "slower" | "same"
}

/** The chance that of `n` fair coins at most `k` show heads. */
const atMost = (k: number, n: number): number => {
  let term = 0.5 ** n
  let sum = term
  for (let i = 1; i <= k; i++) {
    term *= (n - i + 1) / i
    sum += term
  }
  return sum
}

/**
 * Judges pairs of times in ms. The interval is made of the pairs' own order: it asks nothing of how noise is spread, and one
 * wild run in either direction does not move it. Throws `RangeError` for fewer than `pairs_min` pairs.
 */
export const judgePairs = (pairs: ReadonlyArray<{ readonly before: number; readonly now: number }>): Change => {
  const n = pairs.length
  if (n < pairs_min)
    throw new RangeError(`${n} pairs are too few to tell a change from noise; take ${pairs_min} or more`)
  const speeds = pairs.map(({ before, now }) => before / now).toSorted((a, b) => a - b)
  let cut = 0
  while (1 - 2 * atMost(cut + 1, n) >= confidence) cut++
  const [low = Number.NaN, high = Number.NaN] = [speeds[cut], speeds[n - 1 - cut]]
  const speed = spreadOf(speeds).median
  const isWorthAWord = Math.abs(speed - 1) >= least_change
  const verdict = isWorthAWord && low > 1 ? "faster" : isWorthAWord && high < 1 ? "slower" : "same"
  return { speed, low, high, verdict }
}
