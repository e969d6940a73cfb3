/**
 * How long something may take, looked at before anything is started.
 *
 * @module
 */

/** The longest time that a timer of Node can hold, about 24.8 days. One that is asked for more goes off at once. */
export const duration_ms_max = 2 ** 31 - 1

/**
 * Why a value is no limit in milliseconds, or `undefined`. It is the one rule for every deadline, time limit and grace: a
 * number above 0 (or from 0 on, for a grace) up to {@link duration_ms_max}. Values from untyped code are looked at as such.
 *
 * @example
 * refuseDuration(2 ** 31) // "is 2147483648 ms; the longest that can be waited for is 2147483647 ms (24.8 days)"
 */
export const refuseDuration = (value: unknown, options: { readonly from?: 0 | 1 } = {}): string | undefined => {
  const { from = 1 } = options
  if (typeof value !== "number" || Number.isNaN(value)) return `is ${String(value)}, not a time in milliseconds`
  if (value > duration_ms_max)
    return `is ${value} ms; the longest that can be waited for is ${duration_ms_max} ms (24.8 days)`
  if (value > 0 || (from === 0 && value === 0)) return undefined
  return from === 0 ? `is ${value} ms; it is 0 or more` : `is ${value} ms; it is more than 0`
}
