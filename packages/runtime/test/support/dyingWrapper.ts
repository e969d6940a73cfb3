/**
 * The wrapper, with an accident: at a step it kills itself, its runner, or both; or it waits before it begins.
 *
 *     node dyingWrapper.ts STEP VICTIMS ONCE      VICTIMS: wrapper, runner, both or late
 *
 * The accident happens to the first wrapper that makes the file ONCE, and to no later one; to all where ONCE is empty. A wrapper that is `late` begins
 * when ONCE.go is there.
 */
import { existsSync, writeFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { readLaunch } from "../../src/agent/launchPipe.ts"
import { runWrapped } from "../../src/agent/runWrapped.ts"

const [step = "", victims = "", once = ""] = process.argv.slice(2)
const { go, launch } = await readLaunch(process.stdin)
const runner = process.ppid

const isOurs = (): boolean => {
  if (once === "") return true
  try {
    writeFileSync(once, "", { flag: "wx" })
    return true
  } catch {
    return false
  }
}

if (victims === "late" && isOurs()) {
  process.kill(runner, "SIGKILL")
  while (!existsSync(`${once}.go`)) await delay(10)
  writeFileSync(`${once}.late`, await runWrapped(launch, go))
} else
  await runWrapped(launch, go, (at) => {
    if (at !== step || !isOurs()) return
    if (victims !== "wrapper") process.kill(runner, "SIGKILL")
    if (victims !== "runner") process.kill(process.pid, "SIGKILL")
  })
process.exit(0)
