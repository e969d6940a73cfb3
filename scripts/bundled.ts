/**
 * Programs that tests start as processes, many times over: one file of JavaScript each. To load the sources one by one takes half a
 * second of work whenever a process starts, and seven times as long as to load them as one file.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"
import { bundleProgram } from "./bundle-program.ts"

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

/** What this process bundled or is about to, by the folder it lies in. */
const begun = new Map<string, Promise<string>>()

/** Makes a folder of that name once for each run, whoever else is at it; answers the file in it that is started. */
const once = (name: string, file: string, make: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = join(folderOfRun(), name)
  const program = join(folder, file)
  const making = async () => {
    if (existsSync(program)) return program
    // Whoever is first gives the folder its name.
    const made = mkdtempSync(`${folder}-`)
    await make(made)
    try {
      renameSync(made, folder)
    } catch (cause) {
      if (!existsSync(program)) throw cause
      rmSync(made, { recursive: true, force: true })
    }
    return program
  }
  const known = begun.get(folder) ?? making()
  begun.set(folder, known)
  return known
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
export const bundled = (
  entry: string,
  also: ReadonlyArray<string> = [],
  { change, key }: Changes = { key: "", change: () => undefined },
): Promise<string> =>
  once(
    createHash("sha256").update(`${entry}${key}`).digest("hex").slice(0, 16),
    basename(entry).replace(/\.ts$/u, ".js"),
    async (dir) => {
      const build = await rolldown({
        input: [entry, ...also],
        platform: "node",
        resolve: { conditionNames: ["@waybill/source", "node", "import"] },
        logLevel: "silent",
        plugins: [
          {
            name: "changes",
            load: (id) => (key === "" || !id.endsWith(".ts") ? undefined : change(id, readFileSync(id, "utf8"))),
          },
        ],
      })
      await build.write({ format: "esm", dir, entryFileNames: "[name].js" })
      await build.close()
    },
  )

/** The program `waybill` as it is published, once for each run; answers the file to start. */
export const bundledAsPublished = (): Promise<string> =>
  once("published", "waybill.js", (folder) => {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}')
    return bundleProgram(join(import.meta.dirname, ".."), folder)
  })
