/** Our own program with patches, as one file that starts quickly: a law may kill it and start it again many times. */
import { join } from "node:path"
import { bundled } from "../../../../scripts/bundled.ts"
import { applied, type Patch } from "./patches.ts"

const packages = join(import.meta.dirname, "../../..")
const main = join(packages, "cli/src/main.ts")
const also = [join(packages, "runtime/src/agent/wrapper.ts"), join(packages, "host/src/guard.ts")]

/**
 * The path of the program to start. The patches are applied as its sources are loaded. Rejects when one no longer applies or its source
 * is no part of the program, so that nobody takes a sound server for a broken one.
 */
export const patchedProgram = async (patches: ReadonlyArray<Patch>): Promise<string> => {
  const key = JSON.stringify(patches)
  const left = new Set(patches.map(({ file }) => file))
  const change = (path: string, source: string): string | undefined => {
    const found = patches.filter(({ file }) => path.endsWith(`/packages/${file}`))
    if (found.length === 0) return undefined
    for (const { file } of found) left.delete(file)
    return found.reduce((patched, patch) => applied(patch, patched), source)
  }
  // Nothing is left to be changed in a program that this run has made before.
  let isMade = false
  const program = await bundled(main, also, {
    key,
    change: (path, source) => {
      isMade = true
      return change(path, source)
    },
  })
  if (isMade && left.size > 0) throw new Error(`no part of the program: ${[...left].join(", ")}`)
  return program
}
