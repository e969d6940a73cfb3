import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, it } from "vitest"
import { aliveIn, makeBase, until } from "./support/agentLab.ts"
import { bundledProgram } from "./support/bundledProgram.ts"

const base = makeBase("verifier-orphans")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const program = await bundledProgram("verifyingRunner.ts")

const startRunner = (root: string, script: string): ChildProcess =>
  spawn(process.execPath, [program, root, script], {
    stdio: ["ignore", "pipe", "inherit"],
  })
const exitOf = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve))
const inTime = <A>(run: Effect.Effect<A>) => Effect.runPromise(Effect.timeout(run, "10 seconds"))

/** Leaves its guard's number, a daemon's and its own, in this order, and does not end when it is told to. */
const hangs = `trap '' TERM; echo $PPID >> pids
  setsid sh -c 'echo $$ >> pids; sleep 60' > /dev/null 2>&1 &
  while [ "$(wc -l < pids)" -lt 2 ]; do sleep 0.01; done; echo $$ >> pids; while :; do sleep 0.05; done`
const isAtWork = (root: string) => () => aliveIn(root).length === 3

describe.concurrent("a verifier does not outlive the runner that asked it", () => {
  it.for(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "that is ended by %s: guard, verifier and its daemon are gone at once",
    async (signal, { expect }) => {
      const root = mkdtempSync(join(base, "root-"))
      const runner = startRunner(root, hangs)
      const ended = exitOf(runner)
      await inTime(until(isAtWork(root)))
      runner.kill(signal)
      await ended
      await inTime(until(() => aliveIn(root).length === 0))
      expect(aliveIn(root)).toEqual([])
    },
  )

  it("and when its guard is killed as well, the next one who asks about the attempt ends what was left", async ({
    expect,
  }) => {
    const root = mkdtempSync(join(base, "root-"))
    const runner = startRunner(root, hangs)
    const ended = exitOf(runner)
    await inTime(until(isAtWork(root)))
    const [guard] = aliveIn(root)
    process.kill(guard ?? 0, "SIGKILL")
    runner.kill("SIGKILL")
    await ended
    await inTime(until(() => aliveIn(root).length === 2))
    await exitOf(startRunner(root, "exit 0"))
    expect(aliveIn(root)).toEqual([])
  })

  it("a verifier that kills its guard has failed, and is ended", async ({ expect }) => {
    const root = mkdtempSync(join(base, "root-"))
    const runner = startRunner(root, "echo $$ >> pids; kill -KILL $PPID; while :; do sleep 0.05; done")
    let said = ""
    runner.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()))
    await exitOf(runner)
    expect(said).toContain("its guard was ended by SIGKILL")
    expect(readFileSync(join(root, "pids"), "utf8")).not.toBe("")
    expect(aliveIn(root)).toEqual([])
  })
})
