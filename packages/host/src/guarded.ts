/**
 * A program under a guard, as the process sees it that asked for it. See `guard.ts` for the other side.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process"
import { Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { ProcessExit } from "./Processes.ts"
import { endFamily, type FamilyEnd, type FamilyMarker, type ProcessIdentity } from "./ProcessTree.ts"
import { drain_ms, endOf, type Supervision } from "./supervise.ts"

/** What the guard is told: over a channel and never on a command line, since an environment may hold secrets. */
export interface GuardedLaunch {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly grace_ms: number
  readonly timeLimit_ms?: number | undefined
  readonly marker?: FamilyMarker | undefined
}

export type GuardReport =
  | { readonly kind: "started"; readonly leader?: ProcessIdentity }
  | { readonly kind: "refused"; readonly code: string }
  | {
      readonly kind: "ended"
      readonly exit: ProcessExit
      readonly timedOut: boolean
      readonly family: FamilyEnd
    }

const guardPath = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./guard.ts" : "./guard.js", import.meta.url))

/** The guard's command line; its channel is the fourth of its standard streams. */
export const guardCommand = [process.execPath, guardPath] as const

/** The guard was killed or stopped, and did not see the program through. Everybody that could be found has been ended. */
export class GuardLost extends Error {
  override readonly name = "GuardLost"
}

/** How long a guard may take over ending everybody, beyond the grace. */
const slack_ms = 5_000

const reportsOf = (channel: Socket): ReadonlyArray<GuardReport> => {
  const reports: Array<GuardReport> = []
  let received = ""
  channel.setEncoding("utf8").on("data", (text: string) => {
    const lines = (received + text).split("\n")
    received = lines.pop() ?? ""
    for (const line of lines) reports.push(JSON.parse(line) as GuardReport)
  })
  // A guard that is gone closes the channel; what it came to is told by its exit.
  channel.on("error", () => {})
  return reports
}

/**
 * Has the guard run a program, and answers when everybody is gone. Rejects with {@link GuardLost} when the guard was, and then
 * nobody is left either who could be found.
 */
export const superviseGuarded = <Cut extends string>(
  guard: ChildProcess,
  launch: GuardedLaunch,
  cut: Promise<Cut>,
): Promise<Supervision<Cut>> => {
  const channel = guard.stdio[3]
  if (!(channel instanceof Socket)) return Promise.reject(new GuardLost("the guard has no channel"))
  const reports = reportsOf(channel)
  const ended = endOf(guard)
  const closed = new Promise<void>((resolve) => guard.once("close", () => resolve()))
  channel.write(`${JSON.stringify(launch)}\n`)
  const finish = async (): Promise<Supervision<Cut>> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<"time">((resolve) => {
      if (launch.timeLimit_ms !== undefined) timer = setTimeout(() => resolve("time"), launch.timeLimit_ms)
    })
    const why = await Promise.race([ended.then(() => undefined), cut, late])
    clearTimeout(timer)
    channel.end()
    // A guard that somebody has stopped would be waited for in vain.
    const hurry = delay(launch.grace_ms + slack_ms, "late" as const, { ref: false })
    if ((await Promise.race([ended, hurry])) === "late") guard.kill("SIGKILL")
    const guardEnd = await ended
    await Promise.race([closed, delay(drain_ms, undefined, { ref: false })])
    guard.stdout?.destroy()
    guard.stderr?.destroy()
    for (const report of reports) {
      if (report.kind === "refused") return { end: report, cut: why, family: { ended: [], remaining: [] } }
      if (report.kind === "ended")
        return { end: report.exit, cut: report.timedOut ? "time" : why, family: report.family }
    }
    const leader = reports.find((report) => report.kind === "started")?.leader
    const { grace_ms, marker } = launch
    const family = await endFamily(
      { ...(leader === undefined ? {} : { leader }), ...(marker === undefined ? {} : { marker }) },
      grace_ms,
    )
    const how = guardEnd.kind === "signal" ? `was ended by ${guardEnd.signal}` : "ended without a report"
    throw new GuardLost(
      `its guard ${how}; ${family.ended.length} processes were ended, ${family.remaining.length} remain`,
    )
  }
  return finish()
}
