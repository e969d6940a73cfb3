/** Fault model: the file system with the agent's records has no byte left, before the run or while it is at work. */
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { Agent } from "../src/index.ts"
import { agentIn, makeBase, requestFor, runsIn } from "./support/agentLab.ts"

const size_bytes = 262_144

/** A folder for a test whose `agents` is a small file system of its own, where that can be had. */
const mountSmall = (): string | undefined => {
  const root = makeBase("full")
  mkdirSync(join(root, "agents"))
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size_bytes}`, "tmpfs", join(root, "agents")])
  if (status === 0) return root
  rmSync(root, { recursive: true })
  return undefined
}
const unmount = (root: string): void => {
  spawnSync("umount", [join(root, "agents")])
  rmSync(root, { recursive: true, force: true })
}
const canMount = (): boolean => {
  const root = mountSmall()
  if (root !== undefined) unmount(root)
  return root !== undefined
}
const needsMount = needs("the right to mount a small tmpfs", canMount)

const fill = (root: string): void => {
  for (const bytes of [4096, 512, 1])
    try {
      for (let n = 0; ; n++) writeFileSync(join(root, "agents", "ballast"), Buffer.alloc(bytes), { flag: "a" })
    } catch {
      // The next smaller piece.
    }
}

const submit = (root: string, script: string) =>
  Agent.use((agent) => agent.submit(requestFor(root, script))).pipe(Effect.provide(agentIn(root)))

/** What lies in the folders of the runs. */
const recordsIn = (root: string): ReadonlyArray<string> =>
  readdirSync(join(root, "agents"), { recursive: true, encoding: "utf8" })

const work = 'echo run >> ../runs; echo work > "$WAYBILL_CANDIDATE"'

describe("a disk that is really full", { timeout: 60_000 }, () => {
  needsMount(it)(
    "[W-29] before the run: nothing is started, the error names the place, and asking again goes on",
    async ({ expect }) => {
      const root = mountSmall() ?? ""
      try {
        fill(root)
        const error = await Effect.runPromise(Effect.flip(submit(root, work)))
        expect(error).toMatchObject({ _tag: "AgentError", code: "folder_refused" })
        expect(error.message).toContain(join(root, "agents"))
        expect(error.message).toContain("ask again under the same key")
        expect(recordsIn(root).filter((name) => name.endsWith(".tmp"))).toEqual([])
        rmSync(join(root, "agents", "ballast"))
        expect(await Effect.runPromise(submit(root, work))).toMatchObject({ ok: true })
        expect(runsIn(root)).toBe(1)
      } finally {
        unmount(root)
      }
    },
  )

  needsMount(it)(
    "[W-29] while the agent is at work: what came of the run is kept, and nothing half written",
    async ({ expect }) => {
      const root = mountSmall() ?? ""
      try {
        const receipt = await Effect.runPromise(
          submit(root, `${work}; cat /dev/zero > "$(dirname "$WAYBILL_INPUT")"/ballast; echo said`),
        )
        expect(receipt).toMatchObject({ ok: true, diagnostics: { stdout: { bytes: 0, dropped_bytes: 5 } } })
        expect(recordsIn(root).filter((name) => /\.tmp$|\.room$/u.test(name))).toEqual([])
        expect(await Effect.runPromise(submit(root, work))).toEqual(receipt)
        expect(runsIn(root)).toBe(1)
      } finally {
        unmount(root)
      }
    },
  )
})
