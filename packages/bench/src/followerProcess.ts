import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

export interface Followers {
  /** Whether each of them has been told so many events so far, and no more; waits for somebody who is slow, ten seconds at most. */
  readonly haveBeenTold: (events: number) => Promise<boolean>
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
  /** How many events each of them has been told so far; answered once all have been told so many, or after a second. */
  const told = async (wanted: number): Promise<ReadonlyArray<number>> => {
    const answered = once(lines, "line")
    child.stdin.write(`${wanted}\n`)
    const [line] = (await answered) as [string]
    return (JSON.parse(line) as { readonly events: ReadonlyArray<number> }).events
  }
  return {
    haveBeenTold: async (wanted) => {
      for (let tries = 0; tries < 10; tries++) {
        const events = await told(wanted)
        if (events.every((each) => each >= wanted))
          return events.length === count && events.every((each) => each === wanted)
      }
      return false
    },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
