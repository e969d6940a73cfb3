import { mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { makeBase } from "./support/agentLab.ts"
import { commits, killAfter } from "./support/realCrashes.ts"

const base = makeBase("crashes")
afterAll(() => rmSync(base, { recursive: true, force: true }))

it.each(commits)("a program that is killed after %s (%i) is gone on from by two others", async (type, nth) => {
  const [one, two] = await killAfter(mkdtempSync(join(base, "root-")), type, nth)
  expect(one).toEqual(two)
})
