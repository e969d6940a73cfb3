import { readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Benchmark } from "./Benchmark.ts"

const isBenchmark = (value: unknown): value is Benchmark =>
  typeof value === "object" && value !== null && "name" in value && "open" in value && typeof value.open === "function"

/** Every benchmark of a folder, by name; rejects when a file's default export is none or has another name. */
export const discover = async (folder: string): Promise<ReadonlyArray<Benchmark>> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts")).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const { default: found }: { readonly default?: unknown } = await import(pathToFileURL(join(folder, file)).href)
      if (!isBenchmark(found)) throw new Error(`${file}: its default export is not a benchmark (see Benchmark.make)`)
      if (found.name !== basename(file, ".ts")) {
        throw new Error(`${file}: the benchmark is named "${found.name}"; file and benchmark share one name`)
      }
      return found
    }),
  )
}
