import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

export interface Followers {
  /** How many events each of them has been told so far; answered once all have been told so many, or after a second. */
  readonly told: (events: number) => Promise<ReadonlyArray<number>>
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
    told: async (wanted) => {
      const answered = once(lines, "line")
      child.stdin.write(`${wanted}\n`)
      const [line] = (await answered) as [string]
      return (JSON.parse(line) as { readonly events: ReadonlyArray<number> }).events
    },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
