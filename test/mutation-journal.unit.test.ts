/** A mutation run that was interrupted goes on where it stopped. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { Journal, type MutantKey } from "../mutation/runner/Journal.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-journal-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const mutant = (line: number, replacement = "false"): MutantKey => ({
  fileName: "src/A.ts",
  mutatorName: "BooleanLiteral",
  replacement,
  location: { start: { line, column: 1 } },
})
const killed = { status: "killed", killedBy: ["a#1"], failureMessage: "no", nrOfTests: 1 } as const
const survived = { status: "survived", nrOfTests: 7 } as const

it("what one process learned, the next one knows; of other code it knows nothing", () => {
  const file = join(folder, "one.jsonl")
  const first = new Journal(file, "v1")
  expect(first.recall(mutant(1))).toBeUndefined()
  first.remember(mutant(1), killed)
  first.remember(mutant(1, "true"), survived)
  const next = new Journal(file, "v1")
  expect([next.recall(mutant(1)), next.recall(mutant(1, "true")), next.recall(mutant(2))]).toEqual([
    killed,
    survived,
    undefined,
  ])
  expect(new Journal(file, "v2").recall(mutant(1))).toBeUndefined()
  expect(new Journal(file, "v1").recall(mutant(1))).toBeUndefined()
})

it("a line that was cut off is as if it had never been written, and spoils none after it", () => {
  const file = join(folder, "two.jsonl")
  new Journal(file, "v1").remember(mutant(1), killed)
  appendFileSync(file, '\n{"key":"x","result":{"status":"kil')
  new Journal(file, "v1").remember(mutant(2), survived)
  const next = new Journal(file, "v1")
  expect([next.recall(mutant(1)), next.recall(mutant(2))]).toEqual([killed, survived])
})
