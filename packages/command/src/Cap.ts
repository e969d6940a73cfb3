/**
 * Keeps an answer under its size limit without ever breaking its JSON.
 *
 * @module
 */

/** What was left out. Counts are items of the list that was shortened; absent when a text was. */
export interface Truncation {
  readonly total_count?: number
  readonly returned_count?: number
}

export interface Shortened {
  readonly data: unknown
  /** Undefined when everything fitted. */
  readonly truncation: Truncation | undefined
}

export const size_max_bytes = 1_048_576

/** What a shortened text ends with. */
const marker = "…[truncated]"

export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? "null")

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The longest prefix of a list whose JSON takes at most `budget` bytes. */
const shortenList = (list: ReadonlyArray<unknown>, budget: number): ReadonlyArray<unknown> => {
  let size = 2
  for (const [index, item] of list.entries()) {
    size += bytesOf(item) + (index === 0 ? 0 : 1)
    if (size > budget) return list.slice(0, index)
  }
  return list
}

/** Cut at a code point, so that no half of a pair is left. */
const shortenText = (text: string, budget: number): string => {
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (bytesOf(text.slice(0, middle) + marker) <= budget) low = middle
    else high = middle - 1
  }
  const cut = /[\uD800-\uDBFF]$/.test(text.slice(0, low)) ? low - 1 : low
  return text.slice(0, cut) + marker
}

/** The member that takes most room: lists before texts, because items can be asked for again. */
const largest = (data: Readonly<Record<string, unknown>>): string | undefined => {
  const sized = Object.entries(data).map(([key, value]) => ({ key, value, bytes: bytesOf(value) }))
  const by = (isKind: (value: unknown) => boolean) =>
    sized.filter(({ value }) => isKind(value)).toSorted((a, b) => b.bytes - a.bytes)[0]?.key
  const isFull = (value: unknown) => Array.isArray(value) && value.length > 0
  return by(isFull) ?? by((value) => typeof value === "string" && value.length > marker.length)
}

/** Shortens data until its JSON takes at most `budget` bytes; data that cannot be shortened further becomes empty. */
export const shorten = (data: unknown, budget: number): Shortened => {
  if (bytesOf(data) <= budget) return { data, truncation: undefined }
  if (Array.isArray(data)) {
    const kept = shortenList(data, budget)
    return { data: kept, truncation: { total_count: data.length, returned_count: kept.length } }
  }
  if (!isRecord(data)) return { data: null, truncation: {} }
  const key = largest(data)
  if (key === undefined) return { data: {}, truncation: {} }
  const rest = bytesOf({ ...data, [key]: null }) - "null".length
  const value = data[key]
  if (Array.isArray(value)) {
    const kept = shortenList(value, Math.max(2, budget - rest))
    const counts = { total_count: value.length, returned_count: kept.length }
    const again = shorten({ ...data, [key]: kept }, budget)
    return {
      data: again.data,
      truncation:
        again.truncation === undefined ? counts : { ...counts, ...(kept.length === 0 ? {} : again.truncation) },
    }
  }
  const text = shortenText(String(value), Math.max(0, budget - rest))
  if (text.length >= String(value).length) return { data: {}, truncation: {} }
  return { data: shorten({ ...data, [key]: text }, budget).data, truncation: {} }
}

/** The limit in force, and a warning when the variable that sets it is not a number. */
export const readSizeLimit = (
  text: string | undefined,
): { readonly bytes: number; readonly warning: string | undefined } => {
  if (text === undefined || text === "") return { bytes: size_max_bytes, warning: undefined }
  if (/^[1-9]\d{0,14}$/.test(text)) return { bytes: Number(text), warning: undefined }
  const warning = `MAX_OUTPUT_INVALID: TOOL_MAX_OUTPUT_BYTES must be a whole number above 0; ${size_max_bytes} is used`
  return { bytes: size_max_bytes, warning }
}
