import { fileURLToPath } from "node:url"
import { bundled } from "../../../../scripts/bundled.ts"

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * A program of this folder as one file of JavaScript, beside those that it starts itself.
 *
 * @param name the name of its source
 */
export const bundledProgram = (name: string): Promise<string> =>
  bundled(source(`./${name}`), [source("../../src/agent/wrapper.ts"), source("../../../host/src/guard.ts")])
