import { Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, it } from "vitest"
import { Agent, type AgentReceipt } from "../src/index.ts"
import { type Accident, agentIn, aliveIn, honestWork, makeBase, requestFor, runsIn, until } from "./support/agentLab.ts"

const base = makeBase("accidents")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const newRoot = () => mkdtempSync(join(base, "root-"))

const runner = fileURLToPath(new URL("./support/runner.ts", import.meta.url))

/** Runs a runner of its own process; answers its signal, or its receipt. */
const runRunner = (root: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly signal: string | null; readonly receipt: AgentReceipt | undefined }>((resolve) => {
    const child = spawn(process.execPath, ["--conditions=@waybill/source", runner, root, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    let said = ""
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()))
    // Not "close": a wrapper that outlives the runner must not be waited for here.
    child.once("exit", (_, signal) => resolve({ signal, receipt: said === "" ? undefined : JSON.parse(said) }))
  })

const submit = (root: string, accident?: Accident) =>
  Effect.runPromise(
    Agent.use((agent) => agent.submit(requestFor(root, honestWork))).pipe(Effect.provide(agentIn(root, accident))),
  )

/** At each step: whether the agent may have run when its wrapper dies there, and whether it has a receipt of its own. */
const steps = [
  { step: "launched", begun: false, ended: false },
  { step: "locked", begun: false, ended: false },
  { step: "prepared", begun: false, ended: false },
  { step: "started", begun: true, ended: false },
  { step: "begun", begun: true, ended: false },
  { step: "spawned", begun: true, ended: false },
  { step: "recorded", begun: true, ended: false },
  { step: "ended", begun: true, ended: false },
  { step: "cleaned", begun: true, ended: false },
  { step: "receipted", begun: true, ended: true },
] as const

describe.concurrent(
  "[W-12] under one key there is at most one agent run, and nothing is left of it",
  { timeout: 60_000 },
  () => {
    for (const { begun, ended, step } of steps) {
      const isDone = !begun || ended
      const outcome = isDone ? "gets its receipt" : "is given up as interrupted"

      it(`the wrapper dies when it has ${step}: the run ${outcome}`, async ({ expect }) => {
        const root = newRoot()
        const receipt = await submit(root, { step, victims: "wrapper" })
        expect(receipt).toMatchObject(isDone ? { ok: true } : { ok: false, reason: "interrupted" })
        await Effect.runPromise(until(() => existsSync(join(root, "accident"))))
        expect(runsIn(root)).toBeLessThanOrEqual(1)
        if (isDone) expect(runsIn(root)).toBe(1)
        expect(aliveIn(root)).toEqual([])
        expect(await submit(root)).toEqual(receipt)
      })

      it(`the runner dies when its wrapper has ${step}: the next one gets the receipt of the same run`, async ({
        expect,
      }) => {
        const root = newRoot()
        // Where there is a receipt already, the runner may be gone before it can be killed.
        const { signal } = await runRunner(root, step, "runner")
        expect(ended || signal === "SIGKILL").toBe(true)
        const receipt = await submit(root)
        expect(receipt).toMatchObject({ ok: true })
        expect(runsIn(root)).toBe(1)
        expect(aliveIn(root)).toEqual([])
      })

      it(`both die when the wrapper has ${step}: the run ${outcome}`, async ({ expect }) => {
        const root = newRoot()
        const { signal } = await runRunner(root, step, "both")
        expect(ended || signal === "SIGKILL").toBe(true)
        const [one, two] = await Promise.all([submit(root), submit(root)])
        expect(one).toMatchObject(isDone ? { ok: true } : { ok: false, reason: "interrupted" })
        expect(two).toEqual(one)
        if (isDone) expect(runsIn(root)).toBe(1)
        expect(runsIn(root)).toBeLessThanOrEqual(1)
        expect(aliveIn(root)).toEqual([])
      })
    }

    it("a wrapper that comes when another has done the work leaves again", async ({ expect }) => {
      const root = newRoot()
      expect((await runRunner(root, "launched", "late")).signal).toBe("SIGKILL")
      const receipt = await submit(root)
      expect(receipt).toMatchObject({ ok: true })
      writeFileSync(join(root, "accident.go"), "")
      await Effect.runPromise(until(() => existsSync(join(root, "accident.late"))))
      await Effect.runPromise(until(() => readFileSync(join(root, "accident.late"), "utf8") !== ""))
      expect(readFileSync(join(root, "accident.late"), "utf8")).toBe("superseded")
      expect(runsIn(root)).toBe(1)
      expect(await submit(root)).toEqual(receipt)
    })

    it("a wrapper that comes when its run was cancelled runs nothing", async ({ expect }) => {
      const root = newRoot()
      expect((await runRunner(root, "launched", "late")).signal).toBe("SIGKILL")
      const cancel = Agent.use((agent) => agent.cancel("key-1")).pipe(Effect.provide(agentIn(root)))
      const receipt = await Effect.runPromise(cancel)
      expect(receipt).toMatchObject({
        ok: false,
        reason: "interrupted",
        diagnostics: { note: "cancelled before it began" },
      })
      writeFileSync(join(root, "accident.go"), "")
      await Effect.runPromise(until(() => existsSync(join(root, "accident.late"))))
      await Effect.runPromise(until(() => readFileSync(join(root, "accident.late"), "utf8") !== ""))
      expect(runsIn(root)).toBe(0)
      expect(await submit(root)).toEqual(receipt)
    })

    it("wrappers that all die before they begin are an error that says where to look, and nothing has run", async ({
      expect,
    }) => {
      const root = newRoot()
      const error = await Effect.runPromise(
        Effect.flip(Agent.use((agent) => agent.submit(requestFor(root, honestWork)))).pipe(
          Effect.provide(agentIn(root, { step: "locked", victims: "wrapper", isEveryTime: true })),
        ),
      )
      expect(error).toMatchObject({ _tag: "AgentError", code: "wrapper_failed" })
      expect(error.message).toContain("wrapper.log")
      expect(runsIn(root)).toBe(0)
      expect(await submit(root)).toMatchObject({ ok: true })
      expect(runsIn(root)).toBe(1)
    })
  },
)
