/** The program as a process that runs until it is told to stop. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { bundled } from "../../../../scripts/bundled.ts"

const packages = join(import.meta.dirname, "../../..")

/** The file to start. */
export const main = await bundled(join(packages, "cli/src/main.ts"), [
  join(packages, "runtime/src/agent/wrapper.ts"),
  join(packages, "host/src/guard.ts"),
])

export type Line = Readonly<Record<string, unknown>>

export interface Running {
  readonly child: ChildProcess
  /** Waits for the next line that fits, and takes what came before it. */
  readonly until: (fits: (line: Line) => boolean) => Promise<Line>
  /** Sends a signal and answers the exit code. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>
  readonly stderr: () => string
}

export const startProgram = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(process.execPath, [main, ...words], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let stderr = ""
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const exited = once(child, "exit")
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    until: async (fits) => {
      for (;;) {
        const { done, value } = await lines.next()
        if (done === true) throw new Error(`the program ended: ${stderr}`)
        const line = JSON.parse(value) as Line
        if (fits(line)) return line
      }
    },
    end: async (signal) => {
      if (signal !== undefined) child.kill(signal)
      const [code] = (await exited) as [number | null]
      return code
    },
    stderr: () => stderr,
  }
}
