import { Effect } from "effect"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, it } from "vitest"
import { aliveIn, makeBase, until } from "./support/agentLab.ts"
import { killAfter, run, settledOnce, start } from "./support/realCrashes.ts"

const base = makeBase("crashes")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const newRoot = () => mkdtempSync(join(base, "root-"))

/** One commit of each kind; the long tests have all. */
const keyCommits = [
  ["workspace_job.requested", 1],
  ["workspace_job.agent_started", 1],
  ["workspace_job.terminal_build_attempted", 1],
  ["workspace_job.terminal_finalized", 1],
  ["workspace_job.verifier_rejected", 1],
  ["workspace_job.verified", 1],
] as const

describe.concurrent(
  "[W-22] a job whose program is killed, and then run by two programs at the same time",
  { timeout: 60_000 },
  () => {
    it("settles in one go without a crash, and answers the same when it is asked again", async ({ expect }) => {
      const root = newRoot()
      const first = settledOnce(root, await run(root))
      expect(settledOnce(root, await run(root))).toEqual(first)
    })

    it.for(keyCommits)(
      "is settled once with one agent run per attempt: killed after %s (%i)",
      async ([type, nth], { expect }) => {
        const [one, two] = await killAfter(newRoot(), type, nth)
        expect(one).toEqual(two)
      },
    )

    it("is settled once when it is killed while its agent is at work: the agent goes on, and is waited for", async ({
      expect,
    }) => {
      const root = newRoot()
      const { child, ended } = start(root, "--slow=agent")
      await Effect.runPromise(until(() => existsSync(join(root, "runs"))))
      expect(aliveIn(root)).toHaveLength(1)
      child.kill("SIGKILL")
      expect(aliveIn(root)).toHaveLength(1)
      const both = [run(root), run(root)]
      writeFileSync(join(root, "go"), "")
      await ended
      const [one, two] = await Promise.all(both)
      if (one === undefined || two === undefined) throw new Error("there are two")
      expect(settledOnce(root, one)).toEqual(settledOnce(root, two))
    })

    it("[W-24] is settled once when it is killed while its verifier is at work, and that verifier is not left behind", async ({
      expect,
    }) => {
      const root = newRoot()
      const { child, ended } = start(root, "--slow=verifier")
      await Effect.runPromise(until(() => aliveIn(root).length > 0))
      child.kill("SIGKILL")
      await ended
      // Its guard ends it; whoever verifies this attempt next would do so too.
      await Effect.runPromise(until(() => aliveIn(root).length === 0))
      const [one, two] = await Promise.all([run(root), run(root)])
      expect(settledOnce(root, one)).toEqual(settledOnce(root, two))
    })
  },
)
