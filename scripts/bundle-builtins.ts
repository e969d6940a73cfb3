/**
 * How the bundled program takes Node's own modules.
 *
 * `import { parseArgs } from "node:util"` makes Node read every name that the module offers, and names that are lazy load what
 * is behind them: milliseconds of each start for what nobody asked for. What is taken from the module's object costs only itself.
 */
import { isBuiltin } from "node:module"
import type { Plugin } from "rolldown"

const prefix = "\0builtin:"

/** Loaded by the first call of one of their functions: the first takes as long to load as all the others together. */
const loaded_by_a_call: ReadonlySet<string> = new Set(["node:crypto", "node:fs/promises"])

/** A module that hands on what one of Node's offers; what nobody imports is left out of the bundle. */
const handOn = (id: string): string => {
  const offered = Object.entries(process.getBuiltinModule(id) ?? {}).filter(([name]) => name !== "default")
  // Where an older Node has no such way, the program has yet to say that it is too old.
  const own = `const own = () => process.getBuiltinModule?.(${JSON.stringify(id)}) ?? {}`
  const each = offered.map(([name, value], i) => {
    const taken = `own()[${JSON.stringify(name)}]`
    const isLate = loaded_by_a_call.has(id) && typeof value === "function"
    return `const e${i} = ${isLate ? `(...words) => ${taken}(...words)` : `/* @__PURE__ */ (() => ${taken})()`}`
  })
  const list = offered.map(([name], i) => `e${i} as ${JSON.stringify(name)}`).join(", ")
  return `${own}\n${each.join("\n")}\nexport { ${list} }\nexport default /* @__PURE__ */ own()`
}

/** Takes Node's modules as above wherever they are imported; a `require` stays one. */
export const builtins: Plugin = {
  name: "builtins",
  resolveId: (source, _, { kind }) =>
    isBuiltin(source) && kind === "import-statement"
      ? `${prefix}${source.startsWith("node:") ? source : `node:${source}`}`
      : undefined,
  load: (id) => (id.startsWith(prefix) ? handOn(id.slice(prefix.length)) : undefined),
}
