/**
 * Another revision of the repository, ready to run, in a folder for temporary files.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { npmInstall } from "./Peers.ts"

export interface Worktree {
  readonly folder: string
  readonly remove: () => void
}

/** What is installed from a registry, told apart from links to the repository's own packages. */
const installed = (root: string): string => {
  const { packages }: { readonly packages: Readonly<Record<string, { readonly link?: boolean }>> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  )
  return JSON.stringify(
    Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && link !== true),
  )
}

/** The same installation, except that links to packages of the repository lead to the other revision's. */
const share = (from: string, to: string): void => {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    if (name === ".cache" || name === ".vite" || name === ".package-lock.json") continue
    const path = join(from, name)
    if (lstatSync(path).isSymbolicLink()) symlinkSync(readlinkSync(path), join(to, name))
    else if (name.startsWith("@")) share(path, join(to, name))
    else symlinkSync(path, join(to, name))
  }
}

const applies = (folder: string, patch: string): boolean =>
  spawnSync("git", ["-C", folder, "apply", patch], { stdio: "ignore" }).status === 0

/** Checks a revision out, with a patch applied where one is named. Throws what git says where that cannot be. */
export const checkOut = async (repository: string, revision: string, patch?: string): Promise<Worktree> => {
  const folder = join(mkdtempSync(join(tmpdir(), "waybill-revision-")), "waybill")
  const git = (...args: ReadonlyArray<string>): string =>
    execFileSync("git", ["-C", repository, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  const remove = (): void => {
    // By its name: another tree that is missing for a while is not ours to forget.
    if (existsSync(folder)) git("worktree", "remove", "--force", folder)
    rmSync(join(folder, ".."), { recursive: true, force: true })
  }
  try {
    git("worktree", "add", "--detach", folder, revision)
    if (patch !== undefined && !applies(folder, patch))
      throw new Error(`${basename(patch)} does not fit the code of ${revision}: compare with a revision that it fits`)
    if (installed(folder) === installed(repository))
      share(join(repository, "node_modules"), join(folder, "node_modules"))
    else await npmInstall(folder)
  } catch (cause) {
    remove()
    throw cause
  }
  return { folder, remove }
}
