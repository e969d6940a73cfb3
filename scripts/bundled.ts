/**
 * Programs that tests start as processes, many times over: one file of JavaScript each. To load the sources one by one takes half a
 * second of work whenever a process starts, and seven times as long as to load them as one file.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"

let own: string | undefined

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

/** How a program's sources are changed as they are loaded. */
export interface Changes {
  /** Tells programs with other changes apart. */
  readonly key: string
  /** A source as it is to be read, or `undefined` for one that stays as it is. */
  readonly change: (path: string, source: string) => string | undefined
}

/**
 * Bundles a program from its sources, once for each run.
 *
 * @param entry the path of its first source
 * @param also sources that it starts as processes of their own, which must lie next to it
 * @param changes what is changed in its sources, nothing by default
 * @returns the path of the file to start, without any flags
 */
export const bundled = async (
  entry: string,
  also: ReadonlyArray<string> = [],
  { change, key }: Changes = { key: "", change: () => undefined },
): Promise<string> => {
  const folder = join(folderOfRun(), createHash("sha256").update(`${entry}${key}`).digest("hex").slice(0, 16))
  const program = join(folder, basename(entry).replace(/\.ts$/u, ".js"))
  if (existsSync(program)) return program
  const build = await rolldown({
    input: [entry, ...also],
    platform: "node",
    resolve: { conditionNames: ["@waybill/source", "node", "import"] },
    logLevel: "silent",
    plugins: [
      {
        name: "changes",
        load: (id) => {
          if (key === "" || !id.endsWith(".ts")) return undefined
          return change(id, readFileSync(id, "utf8"))
        },
      },
    ],
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
