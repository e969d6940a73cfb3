import { rmSync } from "node:fs"
import { afterAll, describe, it } from "vitest"
import { makeBase } from "./support/agentLab.ts"
import { hide, makesAFifoOfTheLock, removesItsFolder, spoilsTheLock } from "./support/hidingAgents.ts"

const base = makeBase("hiding")
afterAll(() => rmSync(base, { recursive: true, force: true }))

describe.concurrent("[W-12] [W-23] an agent is not run again that kills its wrapper and its runner, and", () => {
  it.for([removesItsFolder, makesAFifoOfTheLock, spoilsTheLock])(
    "$name",
    { timeout: 60_000 },
    async (hiding, { expect }) => {
      const seen = await hide(base, hiding, "both")
      expect(seen).toEqual({ signal: "SIGKILL", reasons: [hiding.reason], runs: 1, alive: [] })
    },
  )
})

it(
  "[W-12] an agent is not run again that removes its folder and kills its wrapper",
  { timeout: 60_000 },
  async ({ expect }) => {
    const seen = await hide(base, removesItsFolder, "wrapper")
    expect(seen).toEqual({ signal: null, reasons: [removesItsFolder.reason], runs: 1, alive: [] })
  },
)
