import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

export interface Followers {
  /** How much each of them has been sent so far. */
  readonly bytes: () => Promise<ReadonlyArray<number>>
  readonly stop: () => Promise<void>
}

/** Starts followers of a server's events in a process of their own; answers once each has had an answer. */
export const startFollowers = async (url: string, count: number): Promise<Followers> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "followers.ts"), url, String(count)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, "exit")
  await Promise.race([
    once(lines, "line"),
    ended.then(([code]) => Promise.reject(new Error(`followers: ${String(code)}`))),
  ])
  return {
    bytes: async () => {
      const answered = once(lines, "line")
      child.stdin.write("\n")
      const [line] = (await answered) as [string]
      return (JSON.parse(line) as { readonly bytes: ReadonlyArray<number> }).bytes
    },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
