/**
 * JSON as a value that nobody can change afterwards.
 *
 * A payload is copied, checked and frozen once, when a fact is made. From then on the same bytes are promised everywhere.
 *
 * @module
 */
import { Result } from "effect"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** One thing that is wrong: where (a dotted path, `(root)` for the whole) and what. */
export interface Issue {
  readonly path: string
  readonly message: string
}

/** How deep a payload may nest. Every JSON reader we know of takes more, so nothing we write is refused on replay. */
export const payload_depth_max = 512

const at = (path: ReadonlyArray<string | number>): string => (path.length === 0 ? "(root)" : path.join("."))

/**
 * A deep, frozen copy of `value` as JSON. Keys whose value is `undefined` are left out.
 *
 * Fails with every place that JSON cannot carry faithfully: functions, symbols, bigints, `undefined` inside a list,
 * numbers that are not finite, strings with a lone surrogate, objects that are not plain, cycles and nesting beyond
 * {@link payload_depth_max}.
 */
export const ownJson = (value: unknown): Result.Result<Json, ReadonlyArray<Issue>> => {
  const issues: Array<Issue> = []
  const path: Array<string | number> = []
  const refuse = (message: string): null => {
    issues.push({ path: at(path), message })
    return null
  }
  const own = (v: unknown): Json => {
    switch (typeof v) {
      case "string":
        return v.isWellFormed() ? v : refuse("contains a lone surrogate, which UTF-8 cannot carry")
      case "number":
        return Number.isFinite(v) ? v : refuse("is not a finite number")
      case "boolean":
        return v
      case "object": {
        if (v === null) return null
        if (path.length >= payload_depth_max) return refuse(`is nested deeper than ${payload_depth_max} levels`)
        if (Array.isArray(v)) {
          const copy: Array<Json> = []
          for (let i = 0; i < v.length; i++) {
            path.push(i)
            copy.push(own(v[i]))
            path.pop()
          }
          return Object.freeze(copy)
        }
        const prototype: unknown = Object.getPrototypeOf(v)
        if (prototype !== Object.prototype && prototype !== null) return refuse("is not a plain object")
        const copy: Record<string, Json> = {}
        for (const key of Object.keys(v)) {
          const entry: unknown = (v as Record<string, unknown>)[key]
          if (entry === undefined) continue
          path.push(key)
          const owned = key.isWellFormed() ? own(entry) : refuse("has a key with a lone surrogate")
          path.pop()
          if (key === "__proto__") {
            // Assignment would set the prototype; the key is an ordinary one.
            Object.defineProperty(copy, key, { value: owned, enumerable: true, configurable: true, writable: true })
          } else copy[key] = owned
        }
        return Object.freeze(copy)
      }
      default:
        return refuse(`is a ${typeof v}, which JSON cannot carry`)
    }
  }
  const copy = own(value)
  return issues.length === 0 ? Result.succeed(copy) : Result.fail(issues)
}

/** Structural equality of two JSON values; the order of keys does not count. */
export const jsonEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => jsonEqual(item, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
  )
}
