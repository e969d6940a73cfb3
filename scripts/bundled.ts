/**
 * Programs that tests start as processes, many times over: one file of JavaScript each. To load the sources one by one takes half a
 * second of work whenever a process starts, and seven times as long as to load them as one file.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"

let own: string | undefined

/** What this process bundled or is about to. */
const begun = new Map<string, Promise<string>>()

/** Where the programs of this run lie: a folder that the whole run shares, or one of this process. */
const folderOfRun = (): string => {
  const shared = process.env["WAYBILL_BUNDLED"]
  if (shared !== undefined) return shared
  if (own === undefined) {
    const made = mkdtempSync(join(tmpdir(), "waybill-bundled-"))
    process.once("exit", () => rmSync(made, { recursive: true, force: true }))
    own = made
  }
  return own
}

/**
 * Bundles a program from its sources, once for each run.
 *
 * @param entry the path of its first source
 * @param also sources that it starts as processes of their own, which must lie next to it
 * @returns the path of the file to start, without any flags
 */
export const bundled = (entry: string, also: ReadonlyArray<string> = []): Promise<string> => {
  const known = begun.get(entry)
  if (known !== undefined) return known
  const program = bundleOnce(entry, also)
  begun.set(entry, program)
  return program
}

const bundleOnce = async (entry: string, also: ReadonlyArray<string>): Promise<string> => {
  const folder = join(folderOfRun(), createHash("sha256").update(entry).digest("hex").slice(0, 16))
  const program = join(folder, basename(entry).replace(/\.ts$/u, ".js"))
  if (existsSync(program)) return program
  const build = await rolldown({
    input: [entry, ...also],
    platform: "node",
    resolve: { conditionNames: ["@waybill/source", "node", "import"] },
    logLevel: "silent",
  })
  // Others may be at it: whoever is first gives the folder its name.
  const making = mkdtempSync(`${folder}-`)
  await build.write({ format: "esm", dir: making, entryFileNames: "[name].js" })
  await build.close()
  try {
    renameSync(making, folder)
  } catch (cause) {
    if (!existsSync(program)) throw cause
    rmSync(making, { recursive: true, force: true })
  }
  return program
}
