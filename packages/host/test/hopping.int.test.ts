import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { endFamily } from "@waybill/host/process-tree"
import { afterAll, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { startHopper } from "./support/hopper.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-hopping-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const endOf = async (ms: number, isStubborn: boolean) => {
  const hopper = await startHopper(base, ms, isStubborn)
  try {
    const { ended, remaining } = await endFamily({ marker: hopper.marker }, 50)
    return { ended, remaining, isAlive: await hopper.isAlive() }
  } finally {
    hopper.stop()
  }
}

for (const ms of [1, 3, 10])
  for (const isStubborn of [false, true])
    needs("perl")(it)(
      `a process that has another number every ${ms} ms${isStubborn ? ", deaf to SIGTERM," : ""} is ended with its family`,
      { timeout: 30_000 },
      async () => {
        const { ended, isAlive, remaining } = await endOf(ms, isStubborn)
        expect({ remaining, isAlive }).toEqual({ remaining: [], isAlive: false })
        expect(ended.length).toBeGreaterThan(0)
      },
    )

needs("perl")(it)(
  "a process that hops as fast as the machine can fork is ended, or told to remain",
  { timeout: 30_000 },
  async () => {
    const { isAlive, remaining } = await endOf(0, true)
    expect(isAlive).toBe(remaining.length > 0)
  },
)
