/**
 * Times as the wire writes them: RFC 3339 in UTC, `Z`, zero to nine fractional digits without trailing zeros
 * (JobSpec v0 §1.4).
 *
 * @module
 */

/** `formatTime(1777377600500)` is `2026-04-28T12:00:00.5Z`. Takes milliseconds since the epoch; fractions are dropped. */
export const formatTime = (epoch_ms: number): string => {
  const iso = new Date(epoch_ms).toISOString()
  let end = iso.length - 1
  while (iso[end - 1] === "0") end--
  // A whole second loses its dot too; the digits before the dot always stay.
  return `${iso.slice(0, end <= 20 ? 19 : end)}Z`
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/u

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
  // Date.parse rolls 31 April over to 1 May; a calendar day that does not survive the round trip does not exist.
  if (new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) return undefined
  return BigInt(seconds_ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"))
}
