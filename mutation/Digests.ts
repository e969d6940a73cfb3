/**
 * What the files of a package are, for those that remember what followed from them.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** A test file and the files of its own folder that it names, and so on. */
const withSupport = (root: string, path: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(path)) return found
  found.add(path)
  for (const [, named = ""] of readFileSync(join(root, path), "utf8").matchAll(/"([^"\n]+\.ts)"/gu)) {
    const next = join(dirname(path), named)
    if (next.includes("/test/") && existsSync(join(root, next))) withSupport(root, next, found)
  }
  return found
}

const digestOf = (root: string, paths: Iterable<string>): string => {
  const hash = createHash("sha256")
  for (const path of [...paths].toSorted()) hash.update(`${path}\0`).update(readFileSync(join(root, path)))
  return hash.digest("hex")
}

/** By path from the root: each source by itself, each test file with what supports it. */
export const digestsOf = (root: string, folder: string): Readonly<Record<string, string>> => {
  const at = (pattern: string) => globSync(join(folder, pattern), { cwd: root })
  return Object.fromEntries([
    ...at("src/**/*.ts").map((path) => [path, digestOf(root, [path])]),
    ...at("test/**/*.test.ts").map((path) => [path, digestOf(root, withSupport(root, path))]),
  ])
}

/** Of what makes mutants and runs tests: under another one, no verdict is believed. */
export const fingerprintOf = (root: string): string =>
  digestOf(root, [...globSync("mutation/runner/*.ts", { cwd: root }), "mutation/package-lock.json"])
