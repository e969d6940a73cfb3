/**
 * Where this machine keeps PostgreSQL's programs.
 *
 * @module
 */
import { accessSync, constants, globSync } from "node:fs"
import { delimiter, join } from "node:path"

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
 * The folder that holds `initdb` and `postgres`: the one on PATH, else the newest of where distributions put them;
 * `undefined` when there is none.
 */
export const findPostgres = (): string | undefined => {
  const usual = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"]
  return [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...usual.flatMap((pattern) => globSync(pattern)).toSorted((a, b) => version(b) - version(a)),
    "/usr/local/pgsql/bin",
  ].find((folder) => programs.every((program) => isRunnable(join(folder, program))))
}
