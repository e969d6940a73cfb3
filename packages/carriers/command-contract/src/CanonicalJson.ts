/**
 * JSON with keys in code-unit order at every level and no white space: the same value always gives the same text,
 * whatever order its keys were written in. Members that JSON cannot carry are left out, as `JSON.stringify` does.
 *
 * @param value plain JSON data; a cycle throws the engine's `RangeError`
 */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  // Written member by member: an object would put keys such as "10" and "2" in the order of numbers.
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && typeof member !== "function" && typeof member !== "symbol")
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`
}
