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

/** One thing that is wrong: where (a dotted path, `(root)` for the whole; its middle is left out where it is long) and what. */
export interface Issue {
  readonly path: string
  readonly message: string
}

/** How deep a payload may nest. Every JSON reader we know of takes more, so nothing we write is refused on replay. */
export const payload_depth_max = 512

/** No line of 16 MiB can hold more values than this, since each takes two bytes at least. */
export const payload_values_max = 8_388_608
/** Reports stop here; a payload with more mistakes than this is wrong as a whole. */
export const issues_max = 1000

/** How much of each end of a long path is told, in UTF-16 units: whoever reads it looks for a place, and keys may be long. */
const path_end_units = 100

/** A path as an issue tells it. */
export const pathOf = (parts: ReadonlyArray<string | number>): string => {
  if (parts.length === 0) return "(root)"
  const path = parts.join(".")
  if (path.length <= 2 * path_end_units) return path
  const ends = [path.slice(0, path_end_units), path.slice(-path_end_units)]
  // A cut may go through a character.
  return ends.map((end) => end.toWellFormed()).join("…")
}

/** Whether JSON carries a value faithfully that is no list and no object. */
export const isJsonLeaf = (value: unknown): value is null | boolean | number | string => {
  switch (typeof value) {
    case "string":
      return value.isWellFormed()
    case "number":
      return Number.isFinite(value)
    case "boolean":
      return true
    default:
      return value === null
  }
}

/**
 * A deep, frozen copy of `value` as JSON. Keys whose value is `undefined` are left out; symbol keys are not looked at.
 *
 * Fails with every place that JSON cannot carry faithfully (the first {@link issues_max}): functions, symbols, bigints,
 * `undefined` and holes inside a list, numbers that are not finite, strings with a lone surrogate, objects that are not
 * plain, values that contain themselves, getters that throw, nesting beyond {@link payload_depth_max} and more than
 * {@link payload_values_max} values. Never throws.
 */
export const ownJson = (value: unknown): Result.Result<Json, ReadonlyArray<Issue>> => {
  const issues: Array<Issue> = []
  const path: Array<string | number> = []
  const ancestors: Array<object> = []
  let values_left = payload_values_max
  const refuse = (message: string): null => {
    if (issues.length < issues_max) issues.push({ path: pathOf(path), message })
    return null
  }
  const ownList = (list: ReadonlyArray<unknown>): Json => {
    // A list may claim any length without holding a single value.
    if (list.length > values_left) return refuse(`holds more than ${payload_values_max} values`)
    const copy: Array<Json> = []
    for (let i = 0; i < list.length; i++) {
      path.push(i)
      copy.push(own(list[i]))
      path.pop()
    }
    return Object.freeze(copy)
  }
  const ownObject = (object: object): Json => {
    const prototype: unknown = Object.getPrototypeOf(object)
    if (prototype !== Object.prototype && prototype !== null) return refuse("is not a plain object")
    const copy: Record<string, Json> = {}
    for (const key of Object.keys(object)) {
      path.push(key)
      const entry: unknown = (object as Record<string, unknown>)[key]
      if (entry !== undefined) {
        const owned = key.isWellFormed() ? own(entry) : refuse("has a key with a lone surrogate")
        if (key === "__proto__") {
          // Assignment would set the prototype; the key is an ordinary one.
          Object.defineProperty(copy, key, { value: owned, enumerable: true, configurable: true, writable: true })
        } else copy[key] = owned
      }
      path.pop()
    }
    return Object.freeze(copy)
  }
  const own = (v: unknown): Json => {
    if (--values_left < 0) return refuse(`is beyond the first ${payload_values_max} values`)
    switch (typeof v) {
      case "string":
        return v.isWellFormed() ? v : refuse("contains a lone surrogate, which UTF-8 cannot carry")
      case "number":
        return Number.isFinite(v) ? v : refuse("is not a finite number")
      case "boolean":
        return v
      case "undefined":
        return refuse("is undefined, which JSON cannot carry")
      case "object": {
        if (v === null) return null
        if (ancestors.includes(v)) return refuse("contains itself, so it is nested without end")
        if (path.length >= payload_depth_max) return refuse(`is nested deeper than ${payload_depth_max} levels`)
        ancestors.push(v)
        const copy = Array.isArray(v) ? ownList(v) : ownObject(v)
        ancestors.pop()
        return copy
      }
      default:
        return refuse(`is a ${typeof v}, which JSON cannot carry`)
    }
  }
  try {
    const copy = own(value)
    return issues.length === 0 ? Result.succeed(copy) : Result.fail(issues)
  } catch (cause) {
    // A getter or a proxy of the caller's; the path still says which.
    refuse(`cannot be read: ${cause instanceof Error ? cause.message : "it throws"}`)
    return Result.fail(issues)
  }
}

/**
 * Structural equality of two JSON values: whether they are written with the same bytes. The order of keys does not count,
 * the sign of zero does. Takes any nesting.
 */
export const jsonEqual = (a: unknown, b: unknown): boolean => {
  const pairs: Array<unknown> = [a, b]
  while (pairs.length > 0) {
    const right = pairs.pop()
    const left = pairs.pop()
    if (Object.is(left, right)) continue
    if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
    if (Array.isArray(left) !== Array.isArray(right)) return false
    const keys = Object.keys(left)
    if (keys.length !== Object.keys(right).length) return false
    if (Array.isArray(left) && left.length !== (right as ReadonlyArray<unknown>).length) return false
    for (const key of keys) {
      if (!Object.hasOwn(right, key)) return false
      pairs.push((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key])
    }
  }
  return true
}

/** Whether `fits` holds for every number in a JSON value that nests at most `depth_max` levels. Takes any nesting. */
export const isWithin = (value: unknown, depth_max: number, fits: (n: number) => boolean): boolean => {
  let level: Array<unknown> = [value]
  for (let depth = 0; level.length > 0; depth++) {
    const below: Array<unknown> = []
    for (const item of level) {
      if (typeof item === "number" && !fits(item)) return false
      if (typeof item !== "object" || item === null) continue
      if (depth === depth_max) return false
      for (const entry of Object.values(item)) below.push(entry)
    }
    level = below
  }
  return true
}
