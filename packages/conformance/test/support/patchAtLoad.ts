/**
 * Loaded before a server (`node --import`): changes sources of it as they are loaded. A patch that no longer applies ends the
 * process, so that nobody takes a sound server for a broken one.
 */
import { registerHooks } from "node:module"
import { applied, type Patch } from "./patches.ts"

const patches = [JSON.parse(process.env["CONFORMANCE_PATCH"] ?? "") as Patch | ReadonlyArray<Patch>].flat()

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    const found = patches.filter(({ file }) => url.endsWith(`/packages/${file}`))
    if (found.length === 0) return loaded
    const { source } = loaded
    if (source === undefined || source === null) throw new Error(`${url} has no source to patch`)
    const text = typeof source === "string" ? source : new TextDecoder().decode(source)
    return { ...loaded, source: found.reduce((patched, patch) => applied(patch, patched), text) }
  },
})
