/** The server as a process of its own, started as `waybill serve`. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { bundled } from "../../../../scripts/bundled.ts"

const packages = join(import.meta.dirname, "../../..")
const main = await bundled(join(packages, "cli/src/main.ts"), [
  join(packages, "runtime/src/agent/wrapper.ts"),
  join(packages, "host/src/guard.ts"),
])

export interface First {
  readonly url: string
  readonly pid: number
  readonly root: string
  readonly token_file: string
  readonly made_token: boolean
}

export interface Program {
  readonly child: ChildProcess
  readonly first: First
  readonly token: string
  /** What it has said on stderr so far. */
  readonly said: () => string
  /** Sends a signal; answers the exit code, `null` for a killed process. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

const start = (args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [main, "serve", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8")
  })
  return { child, say: (text: string) => (said += text), said: () => said }
}

/** Starts a server and waits for its first line. */
export const startProgram = async (args: ReadonlyArray<string>): Promise<Program> => {
  const { child, said } = start(args)
  const lines = createInterface({ input: child.stdout })
  const first = await new Promise<First>((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line) as First))
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said()}`)))
  })
  return {
    child,
    first,
    token: readFileSync(first.token_file, "utf8").trim(),
    said,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, "exit")
      child.kill(signal)
      const [code] = (await ended) as [number | null]
      return code
    },
  }
}

/** Runs a server that is expected not to start; what it says is its answer and its log. */
export const runProgram = async (
  args: ReadonlyArray<string>,
): Promise<{ readonly code: number | null; readonly said: string }> => {
  const { child, said, say } = start(args)
  child.stdout.on("data", (chunk: Buffer) => say(chunk.toString("utf8")))
  const [code] = (await once(child, "exit")) as [number | null]
  return { code, said: said() }
}
