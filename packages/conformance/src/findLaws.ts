/**
 * The laws of a kit are the files of a folder, so that a new law is one file and nothing else.
 *
 * @module
 */
import { readdir } from "node:fs/promises"
import type { Law } from "./Law.ts"

const isLaw = <Subject>(value: unknown): value is Law<Subject> =>
  typeof value === "object" &&
  value !== null &&
  "id" in value &&
  typeof value.id === "string" &&
  "statement" in value &&
  "violation" in value &&
  "check" in value &&
  typeof value.check === "function"

/**
 * Every law of a folder, by number. Rejects when a file's default export is no law or two laws share a number.
 *
 * @param folder ends with a slash
 */
export const findLaws = async <Subject>(folder: URL): Promise<ReadonlyArray<Law<Subject>>> => {
  // Sources where they are run as they are, else what was built from them; never the types beside it.
  const files = (await readdir(folder)).filter((file) => /\.[jt]s$/u.test(file) && !file.endsWith(".d.ts"))
  const laws = await Promise.all(
    files.map(async (file) => {
      const { default: found }: { readonly default?: unknown } = await import(new URL(file, folder).href)
      if (!isLaw<Subject>(found)) throw new Error(`${file}: its default export is no law`)
      return found
    }),
  )
  const sorted = laws.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const twice = sorted.find(({ id }, i) => id === sorted[i + 1]?.id)
  if (twice !== undefined) throw new Error(`two laws bear the number ${twice.id}`)
  return sorted
}
