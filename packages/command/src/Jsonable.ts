/**
 * Makes any value fit for an answer: JSON data, every text plain, every secret out.
 *
 * @module
 */
import { plainText, withoutSecrets } from "./PlainText.ts"

/** The value cannot be written as JSON; `message` says where. */
export class NotJson extends Error {
  override readonly name = "NotJson"
}

/** How deep an answer may nest. */
const depth_max = 500

/** What JSON writes as `{}`, whatever it holds, and what to answer in its place. */
const lost = [
  [Map, "answer Object.fromEntries(map), or an array of its entries"],
  [Set, "answer an array of its members: [...set]"],
  [Promise, "await it"],
] as const

/**
 * The value as JSON data. BigInt becomes decimal text, NaN and infinities become null; what JSON leaves out is left out.
 *
 * @throws NotJson for a cycle, a `toJSON` or getter that throws, for a Map, a Set or a Promise, or for more than 500 levels
 */
export const toJsonable = (value: unknown, secrets: ReadonlyArray<string> = []): unknown => {
  const above = new Set<object>()
  const clean = (text: string): string => withoutSecrets(plainText(text), secrets)
  const member = (holder: object, key: string, path: string): unknown => {
    try {
      const found: unknown = Reflect.get(holder, key)
      if (typeof found === "object" && found !== null && "toJSON" in found && typeof found.toJSON === "function") {
        return found.toJSON(key)
      }
      return found
    } catch (error) {
      throw new NotJson(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const visit = (one: unknown, path: string): unknown => {
    switch (typeof one) {
      case "string":
        return clean(one)
      case "bigint":
        return String(one)
      case "number":
        // JSON has no negative zero.
        return Number.isFinite(one) ? one + 0 : null
      case "boolean":
        return one
      case "object":
        break
      default:
        return undefined
    }
    if (one === null) return null
    if (above.has(one)) throw new NotJson(`${path} contains itself`)
    if (above.size >= depth_max) throw new NotJson(`${path} nests more than ${depth_max} deep`)
    const instead = lost.find(([kind]) => one instanceof kind)
    if (instead !== undefined) {
      throw new NotJson(`${path} is a ${instead[0].name}, which JSON would lose: ${instead[1]}`)
    }
    above.add(one)
    try {
      if (Array.isArray(one)) {
        return Array.from(
          { length: one.length },
          (_, index) => visit(member(one, String(index), `${path}[${index}]`), `${path}[${index}]`) ?? null,
        )
      }
      const copy: Record<string, unknown> = {}
      for (const key of Object.keys(one)) {
        const found = visit(member(one, key, `${path}.${key}`), `${path}.${key}`)
        if (found === undefined) continue
        // A plain assignment to "__proto__" would change the object instead of adding to it.
        Object.defineProperty(copy, clean(key), { value: found, enumerable: true, configurable: true, writable: true })
      }
      return copy
    } finally {
      above.delete(one)
    }
  }
  return visit(member({ value }, "value", "data"), "data")
}
