import { rmSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { makeBase } from "./support/agentLab.ts"
import { hide, hidings } from "./support/hidingAgents.ts"

const base = makeBase("hiding")
afterAll(() => rmSync(base, { recursive: true, force: true }))

describe.each(["wrapper", "both"] as const)("an agent is not run again that kills (%s), and", (victims) => {
  it.each(hidings)("$name", { timeout: 60_000 }, async (hiding) => {
    const { alive, reasons, runs } = await hide(base, hiding, victims)
    expect({ alive, reasons, runs }).toEqual({ reasons: [hiding.reason], runs: 1, alive: [] })
  })
})
