/**
 * A copy of the repository that may be mutated: its own files, its own links between workspace packages, everything else of
 * `node_modules` by link.
 *
 * @module
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"

const linkModules = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)]
    const isLink = lstatSync(source).isSymbolicLink()
    // A workspace package: the same relative link leads into the copy.
    if (isLink) symlinkSync(readlinkSync(source), target)
    else if (name.startsWith("@")) linkModules(source, target)
    else symlinkSync(source, target)
  }
}

/** Makes the copy anew and answers its folder. */
export const makeSandbox = (root: string, folder: string): string => {
  rmSync(folder, { recursive: true, force: true })
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root })
  for (const path of listed.toString("utf8").split("\0")) {
    if (path === "" || !existsSync(join(root, path))) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(join(root, path), join(folder, path))
  }
  linkModules(join(root, "node_modules"), join(folder, "node_modules"))
  symlinkSync(join(root, "mutation/node_modules"), join(folder, "mutation/node_modules"))
  return folder
}
