/**
 * A UUID of version 7: new per run, and in the order of time.
 *
 * @param now_ms milliseconds since the epoch
 * @param random at least ten random bytes
 */
export const makeRequestId = (now_ms: number, random: Uint8Array): string => {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0")
  const byte = (index: number) => random[index] ?? 0
  const tail = Array.from({ length: 6 }, (_, index) => hex(byte(4 + index), 2)).join("")
  const time = hex(Math.max(0, Math.floor(now_ms)), 12)
  const version = hex(0x7000 | ((byte(0) & 0x0f) << 8) | byte(1), 4)
  const variant = hex(0x8000 | ((byte(2) & 0x3f) << 8) | byte(3), 4)
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-${version}-${variant}-${tail}`
}

/** The caller's trace id: without control characters, at most 256 characters, undefined when there is none. */
export const readTraceId = (value: string | undefined): string | undefined => {
  const clean = (value ?? "").replaceAll(/\p{Cc}/gu, "").slice(0, 256)
  return clean === "" ? undefined : clean
}
