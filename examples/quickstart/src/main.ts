/**
 * The quickstart: settles a bill of materials of this very repository.
 *
 *     npm run quickstart -- [--json] [--crash-after=FACT] [--folder=DIR] [--help]
 */
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { help, type Options, readOptions } from "./options.ts"
import { quickstart } from "./quickstart.ts"

const refuse = (line: string): never => {
  console.error(`quickstart: ${line}`)
  process.exit(2)
}

const options = ((): Options => {
  try {
    return readOptions(process.argv.slice(2))
  } catch (cause) {
    return refuse(cause instanceof Error ? cause.message : String(cause))
  }
})()
if (options.help) {
  process.stdout.write(help)
  process.exit(0)
}

const repository = fileURLToPath(new URL("../../../", import.meta.url))
const lockPath = join(repository, "package-lock.json")
if (!existsSync(lockPath)) refuse("there is no package-lock.json to make a bill of materials of")

/** Why the process ends before the job does, and the exit code that says so. */
let stopped: { readonly code: number; readonly line: string | undefined } | undefined
const stopping = new AbortController()
const stop = (code: number, line?: string): void => {
  if (stopped !== undefined) return
  stopped = { code, line }
  stopping.abort()
}
const again = "what was recorded stays; run the same command again to go on"
process.on("SIGINT", () => stop(130, `stopped; ${again}`))
process.on("SIGTERM", () => stop(143, `stopped; ${again}`))
// Whoever reads along has gone, as `| head` does, or has no room left.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  error.code === "EPIPE" ? stop(0) : stop(1, `standard output: ${error.message}; ${again}`),
)

const run = (): Promise<number> =>
  quickstart({
    options,
    repository,
    lockPath,
    root: resolve(options.folder ?? join(repository, ".waybill", "quickstart")),
    /** Short where it can be: below the repository, from where the commands are typed. */
    shown: (path) => {
      const short = relative(repository, path)
      return short.startsWith("..") ? path : short
    },
    signal: stopping.signal,
  })

/** The exit code: of the story, or of what ended it. A stop is told apart from what it broke off. */
const outcome = async (): Promise<number> => {
  try {
    return await run()
  } catch (failure) {
    if (stopped === undefined)
      console.error(`quickstart: ${failure instanceof Error ? failure.message : String(failure)}`)
    return 1
  }
}

const code = await outcome()
if (stopped?.line !== undefined) console.error(`\nquickstart: ${stopped.line}`)
process.exit(stopped?.code ?? code)
