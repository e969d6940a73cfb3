/**
 * Every law of every kit.
 *
 * @module
 */
import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { findLaws } from "./findLaws.ts"
import { kindOf } from "./LawKind.ts"
import type { Law } from "./Law.ts"

/**
 * The laws in `laws/` of each folder in `root`, by number. Rejects when two kits give a number twice, or a number names no kind.
 *
 * @param root ends with a slash; by default the kits of this package
 */
export const allLaws = async (root = new URL("./", import.meta.url)): Promise<ReadonlyArray<Law<never>>> => {
  const folders = (await readdir(root, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => new URL(`${name}/laws/`, root))
    .filter((folder) => existsSync(folder))
  const laws = (await Promise.all(folders.map((folder) => findLaws<never>(folder)))).flat()
  const sorted = laws.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  for (const [i, { id }] of sorted.entries()) {
    kindOf(id)
    if (id === sorted[i + 1]?.id) throw new Error(`two laws bear the number ${id}`)
  }
  return sorted
}
