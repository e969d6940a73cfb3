/**
 * Loaded before a server (`node --import`): changes one of its sources as it is loaded. A patch that no longer applies ends the
 * process, so that nobody takes a sound server for a broken one.
 */
import { registerHooks } from "node:module"
import { applied, type Patch } from "./patches.ts"

const patch = JSON.parse(process.env["CONFORMANCE_PATCH"] ?? "") as Patch

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/packages/${patch.file}`)) return loaded
    const { source } = loaded
    if (source === undefined || source === null) throw new Error(`${patch.file} has no source to patch`)
    const text = typeof source === "string" ? source : new TextDecoder().decode(source)
    return { ...loaded, source: applied(patch, text) }
  },
})
