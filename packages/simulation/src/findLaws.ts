/**
 * The laws are the files of a folder, so that a new law is one file and nothing else.
 *
 * @module
 */
import { readdir } from "node:fs/promises"
import type { Law } from "./Law.ts"

const folder = new URL("./laws/", import.meta.url)

/** Every law, by number. */
export const findLaws = async (): Promise<ReadonlyArray<Law>> => {
  const files = await readdir(folder)
  const laws = await Promise.all(
    files.map(async (file) => {
      const module: { readonly default: Law } = await import(new URL(file, folder).href)
      return module.default
    }),
  )
  return laws.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
