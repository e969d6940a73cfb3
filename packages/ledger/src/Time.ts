/**
 * Times as the wire writes them: RFC 3339 in UTC, `Z`, zero to nine fractional digits without trailing zeros
 * (JobSpec v0 §1.4).
 *
 * @module
 */

/** The years that RFC 3339 can write are 0 to 9999. */
const first_ms = Date.parse("0000-01-01T00:00:00Z")
const last_ms = Date.parse("9999-12-31T23:59:59.999Z")

/**
 * `formatTime(1777377600500)` is `2026-04-28T12:00:00.5Z`. Takes milliseconds since the epoch; fractions are dropped.
 * Throws `RangeError` for a time outside the years 0 to 9999, which no reader would take.
 */
export const formatTime = (epoch_ms: number): string => {
  if (!(epoch_ms >= first_ms && epoch_ms <= last_ms))
    throw new RangeError(`${epoch_ms} ms is not in the years 0 to 9999`)
  const whole_ms = Math.trunc(epoch_ms)
  const second = Math.floor(whole_ms / 1000)
  if (second !== known.second) known = { second, text: new Date(second * 1000).toISOString().slice(0, 19) }
  const fraction_ms = whole_ms - second * 1000
  // A whole second has no dot either.
  if (fraction_ms === 0) return `${known.text}Z`
  let digits = String(fraction_ms).padStart(3, "0")
  while (digits.endsWith("0")) digits = digits.slice(0, -1)
  return `${known.text}.${digits}Z`
}

/** The second that was written last: most times that are written are of the same one, and the engine takes 2 µs for each. */
let known = { second: Number.NaN, text: "" }

const rfc3339 =
  /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9})\d*)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u

/** Date.parse rolls 31 April over to 1 May; a calendar day that does not survive the round trip does not exist. */
const isDay = (date = ""): boolean => {
  // Months have 28 days at least; only the rest needs a calendar.
  if (/-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])$/u.test(date)) return true
  const day = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === date
}

/** The number that two digits write; NaN where they are none. */
const pair = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 0x30
  const ones = text.charCodeAt(at + 1) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN
}

const [dash, colon, dot, t, z] = ["-", ":", ".", "T", "Z"].map((character) => character.charCodeAt(0))

/** Whether a text is a time as {@link formatTime} writes it, on a day that every month has: a sixth of what the pattern costs. */
const isPlainTime = (text: string): boolean => {
  const last = text.length - 1
  if (last < 19 || last > 29 || text.charCodeAt(last) !== z || text.charCodeAt(4) !== dash) return false
  if (text.charCodeAt(7) !== dash || text.charCodeAt(10) !== t) return false
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return false
  if (!(pair(text, 0) >= 0 && pair(text, 2) >= 0)) return false
  const month = pair(text, 5)
  const day = pair(text, 8)
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 28)) return false
  if (!(pair(text, 11) <= 23 && pair(text, 14) <= 59 && pair(text, 17) <= 59)) return false
  if (last === 19) return true
  if (last === 20 || text.charCodeAt(19) !== dot) return false
  for (let at = 20; at < last; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x30 || unit > 0x39) return false
  }
  return true
}

/** Whether {@link parseTime} takes the text; cheaper than asking it. */
export const isTime = (text: string): boolean => {
  if (isPlainTime(text)) return true
  const parts = rfc3339.exec(text)
  return parts !== null && isDay(parts[1])
}

/**
 * Nanoseconds since the epoch, so that two instants can be compared whatever their spelling; `undefined` when the text is
 * no RFC 3339 time. Offsets other than `Z` are accepted.
 */
export const parseTime = (text: string): bigint | undefined => {
  const parts = rfc3339.exec(text)
  if (parts === null) return undefined
  const [, date, clock, fraction = "", offset] = parts
  const seconds_ms = Date.parse(`${date}T${clock}${offset}`)
  if (Number.isNaN(seconds_ms)) return undefined
  if (!isDay(date)) return undefined
  return BigInt(seconds_ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"))
}
