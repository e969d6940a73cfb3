/**
 * From a request's path to its route (JobSpec v0 §1.1): letter case and a trailing slash matter, duplicate slashes and
 * percent-encoding do not.
 *
 * @module
 */
import type { Route } from "./Route.ts"

export interface Found {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

export type Find = (path: string) => Found | "not found" | "malformed"

const none: Readonly<Record<string, string>> = {}

const decodedSegments = (path: string): ReadonlyArray<string> | undefined => {
  try {
    return path.split("/").slice(1).map(decodeURIComponent)
  } catch {
    return undefined
  }
}

const nameOf = (segment: string): string | undefined => /^\{(.*)\}$/u.exec(segment)?.[1]

const match = (wanted: ReadonlyArray<string>, given: ReadonlyArray<string>): Record<string, string> | undefined => {
  if (wanted.length !== given.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [i, segment] of wanted.entries()) {
    const value = given[i] ?? ""
    const name = nameOf(segment)
    if (name === undefined ? segment !== value : value === "") return undefined
    if (name !== undefined) parameters[name] = value
  }
  return parameters
}

/** Looks paths up in a table. Throws `TypeError` when two routes claim one path. */
export const makeRouter = (routes: ReadonlyArray<Route>): Find => {
  const exact = new Map<string, Found>()
  const patterns: Array<{ readonly segments: ReadonlyArray<string>; readonly route: Route }> = []
  for (const route of routes)
    for (const path of [route.path, ...(route.aliases ?? [])]) {
      if (path.includes("{")) patterns.push({ segments: path.split("/").slice(1), route })
      else if (exact.has(path)) throw new TypeError(`two routes claim ${path}`)
      else exact.set(path, { route, parameters: none })
    }
  return (asked) => {
    const found = exact.get(asked)
    if (found !== undefined) return found
    const path = asked.replaceAll(/\/{2,}/gu, "/")
    const segments = decodedSegments(path)
    if (segments === undefined) return "malformed"
    const plain = segments.some((segment) => segment.includes("/")) ? undefined : exact.get(`/${segments.join("/")}`)
    if (plain !== undefined) return plain
    for (const { route, segments: wanted } of patterns) {
      const parameters = match(wanted, segments)
      if (parameters !== undefined) return { route, parameters }
    }
    return "not found"
  }
}
