/**
 * A program that simulates with one mutation in place until a law is broken: `mutated.ts MUTATION SEEDS_MAX`. Answers with one
 * line of JSON: the first seed that found it, how many were tried, and the laws that were broken.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"
import { mutations } from "./mutations.ts"

const packages = fileURLToPath(new URL("../../", import.meta.url))
const [, , name = "", seeds_max = "100"] = process.argv
const mutation = mutations.find((each) => each.name === name)
if (mutation === undefined) throw new Error(`there is no mutation ${JSON.stringify(name)}`)
const { file, find, replace } = mutation
const path = `${packages}${file}`
if (readFileSync(path, "utf8").split(find).length !== 2)
  throw new Error(`the mutation ${JSON.stringify(name)} does not apply any more: see ${file}`)

let isApplied = false
registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.startsWith("file:") || fileURLToPath(url) !== path || loaded.source === undefined) return loaded
    const source =
      typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
    isApplied = true
    return { ...loaded, source: source.replace(find, () => replace) }
  },
})

const { findLaws } = await import("./findLaws.ts")
const { simulate } = await import("./simulate.ts")
const laws = await findLaws()
let found: { readonly seed: number; readonly laws: ReadonlyArray<string> } | undefined
for (let seed = 1; found === undefined && seed <= Number(seeds_max); seed++) {
  const { broken } = simulate(seed, { laws })
  if (broken.length > 0) found = { seed, laws: [...new Set(broken.map(({ law }) => law))] }
}
console.log(JSON.stringify({ name, isApplied, ...found }))
