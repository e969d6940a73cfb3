/**
 * Makes the programs of the npm package runnable.
 *
 * @module
 */
import { constants, cpSync, readFileSync, symlinkSync } from "node:fs"
import { basename, join } from "node:path"

/** The links that the package lists, from its own root: `native/lib/libpq.so` to `native/lib/libpq.so.5.18`. */
type Links = ReadonlyArray<{ readonly source: string; readonly target: string }>

/**
 * Copies the package's folder `native` to where whoever runs the server may read it, with the links that npm does not pack.
 *
 * @returns the folder of the programs
 */
export const unpackPrograms = (native: string, to: string): string => {
  cpSync(native, to, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as Links
  for (const { source, target } of links) {
    const link = join(to, target.replace(/^native\//u, ""))
    try {
      symlinkSync(basename(source), link)
    } catch (cause) {
      // The package's own install script made it, where it was allowed to run.
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    }
  }
  return join(to, "bin")
}
