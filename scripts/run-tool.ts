import { spawn } from "node:child_process"
import { realpathSync } from "node:fs"
import { join } from "node:path"

/** The repository's own folder. */
export const root = join(import.meta.dirname, "..")

/** Time since `started` (a `performance.now()`), as `1.2 s`. */
export const seconds = (started: number): string => `${((performance.now() - started) / 1000).toFixed(1)} s`

/**
 * Runs an installed tool on this Node with the terminal as its own; answers its exit code (1 when a signal ended it).
 *
 * The tool's script is started directly and not through a shell or `npm exec`, so no other Node can get in between.
 */
export const run = ([tool, ...args]: readonly [string, ...Array<string>], cwd: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [realpathSync(join(root, "node_modules", ".bin", tool)), ...args], {
      cwd,
      stdio: "inherit",
      // Some tools colour even a log file; a log is for reading and grepping.
      env: process.stdout.isTTY || process.env["FORCE_COLOR"] ? process.env : { ...process.env, NO_COLOR: "1" },
    })
    child.on("error", reject)
    child.on("exit", (code) => resolve(code ?? 1))
  })
