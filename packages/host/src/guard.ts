/**
 * The guard: a small program that runs another one and ends it, and all that it started, when whoever asked for it is gone.
 *
 * Channel 3 is a socket to that process. It says what to run, as one line, and keeps the channel open for as long as it wants
 * the program to run; the kernel closes the channel when it dies, however it dies. Standard input and output are handed on to
 * the program as they are. The guard answers with one line when the program has started and one when everybody is gone.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { Socket } from "node:net"
import type { GuardedLaunch, GuardReport } from "./guarded.ts"
import { errnoOf, supervise } from "./supervise.ts"

const channel = new Socket({ fd: 3, allowHalfOpen: true })
const report = (line: GuardReport) => void channel.write(`${JSON.stringify(line)}\n`)

let received = ""
let begin: (launch: GuardedLaunch) => void = () => {}
const launched = new Promise<GuardedLaunch>((resolve) => {
  begin = resolve
})
channel.setEncoding("utf8").on("data", (text: string) => {
  received += text
  const end = received.indexOf("\n")
  // Half a launch, from a process that died while it was writing, has no end: nothing runs.
  if (end >= 0) begin(JSON.parse(received.slice(0, end)) as GuardedLaunch)
})
const gone = new Promise<"gone">((resolve) => {
  for (const event of ["end", "close", "error"]) channel.on(event, () => resolve("gone"))
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve("gone"))
})

const run = async ({ argv, cwd, env, grace_ms, marker, timeLimit_ms }: GuardedLaunch): Promise<void> => {
  const [program, ...args] = argv
  const child = spawn(program, args, { cwd, env, stdio: "inherit", detached: true })
  const { done, identity } = supervise(child, { cut: gone, grace_ms, timeLimit_ms, marker })
  if (child.pid !== undefined) report({ kind: "started", ...(identity === undefined ? {} : { leader: identity }) })
  const { cut, end, family } = await done
  report(
    end.kind === "refused"
      ? { kind: "refused", code: end.code }
      : { kind: "ended", exit: end, timedOut: cut === "time", family },
  )
}

const launch = await Promise.race([launched, gone])
if (launch !== "gone")
  try {
    await run(launch)
  } catch (cause) {
    // Some refusals of the kernel (E2BIG …) come at once, and not as an event.
    report({ kind: "refused", code: errnoOf(cause) })
  }
channel.end(() => process.exit(0))
// Nobody may be left who reads.
channel.on("error", () => process.exit(0))
