/**
 * The public packages as whoever installs them gets them: JavaScript, found by the name of the package.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const repository = join(import.meta.dirname, "../../..")
const scope = "@waybill"

/** The folders of the repository that are built, as the configuration of the build lists them. */
const builtFolders = (): ReadonlyArray<string> => {
  const { references }: { readonly references: ReadonlyArray<{ readonly path: string }> } = JSON.parse(
    readFileSync(join(repository, "tsconfig.build.json"), "utf8"),
  )
  return references.map(({ path }) => path)
}

/** Runs a tool of the repository on this Node; rejects with what it said. */
const runTool = async (tool: string, args: ReadonlyArray<string>, cwd: string): Promise<void> => {
  const child = spawn(process.execPath, [join(repository, "node_modules/.bin", tool), ...args], { cwd })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  if (code !== 0) throw new Error(`${tool} ended with ${code}: ${said}`)
}

/**
 * Builds them as `npm run build` does, in a folder of its own, from which each can be imported by its name; what they depend on is
 * the repository's. Whoever calls removes the folder.
 */
export const buildPackages = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-built-"))
  try {
    const modules = join(folder, "node_modules")
    await mkdir(join(modules, scope), { recursive: true })
    for (const name of await readdir(join(repository, "node_modules")))
      if (name !== scope) await symlink(join(repository, "node_modules", name), join(modules, name))
    for (const name of globSync("tsconfig*.json", { cwd: repository }))
      await cp(join(repository, name), join(folder, name))
    for (const path of builtFolders()) {
      const { name }: { readonly name: string } = JSON.parse(
        readFileSync(join(repository, path, "package.json"), "utf8"),
      )
      for (const part of ["package.json", "tsconfig.json", "src"])
        await cp(join(repository, path, part), join(folder, path, part), { recursive: true })
      if (dirname(name) === scope) await symlink(join(folder, path), join(modules, name))
    }
    await runTool("tsc", ["-b", "tsconfig.build.json"], folder)
    return folder
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw cause
  }
}
