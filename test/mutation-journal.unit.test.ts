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
const digests = { "src/A.ts": "a", "test/one.test.ts": "1", "test/two.test.ts": "2" }
const killed = {
  result: { status: "killed", killedBy: ["test/one.test.ts#1"], failureMessage: "no", nrOfTests: 1 },
  files: ["test/one.test.ts"],
  partial: [],
} as const
const survived = {
  result: { status: "survived", nrOfTests: 7 },
  files: ["test/one.test.ts", "test/two.test.ts"],
  partial: [],
} as const

it("what one process learned, the next one knows; by other means of making mutants, it knows nothing", () => {
  const file = join(folder, "one.jsonl")
  const first = new Journal(file, "v1", digests, 5)
  expect(first.recall(mutant(1))).toBeUndefined()
  first.remember(mutant(1), killed)
  first.remember(mutant(1, "true"), survived)
  const next = new Journal(file, "v1", digests, 5)
  expect([next.recall(mutant(1)), next.recall(mutant(1, "true")), next.recall(mutant(2))]).toEqual([
    killed,
    survived,
    undefined,
  ])
  expect(new Journal(file, "v2", digests, 5).recall(mutant(1))).toBeUndefined()
  expect(new Journal(file, "v1", digests, 5).recall(mutant(1))).toBeUndefined()
})

it("a verdict ends with the mutated file or the test that noticed; a survivor is asked about by what is new alone", () => {
  const file = join(folder, "three.jsonl")
  const first = new Journal(file, "v1", digests, 5)
  first.remember(mutant(1), killed)
  first.remember(mutant(2), survived)
  const known = (changed: Record<string, string>) => {
    const later = new Journal(file, "v1", { ...digests, ...changed }, 5)
    return [later.recall(mutant(1)), later.recall(mutant(2))]
  }
  expect(known({ "test/three.test.ts": "3" })).toEqual([killed, survived])
  expect(known({ "test/one.test.ts": "other" })).toEqual([undefined, { ...survived, files: ["test/two.test.ts"] }])
  expect(known({ "test/two.test.ts": "other" })).toEqual([killed, { ...survived, files: ["test/one.test.ts"] }])
  expect(known({ "src/A.ts": "other" })).toEqual([undefined, undefined])
})

it("a line that was cut off is as if it had never been written, and spoils none after it", () => {
  const file = join(folder, "two.jsonl")
  new Journal(file, "v1", digests, 5).remember(mutant(1), killed)
  appendFileSync(file, '\n{"key":"x","result":{"status":"kil')
  new Journal(file, "v1", digests, 5).remember(mutant(2), survived)
  const next = new Journal(file, "v1", digests, 5)
  expect([next.recall(mutant(1)), next.recall(mutant(2))]).toEqual([killed, survived])
})

it("a survivor that was asked of a part of a file's tests is asked of that file again by a run with more patience", () => {
  const file = join(folder, "four.jsonl")
  const partly = { ...survived, partial: ["test/two.test.ts"] }
  new Journal(file, "v1", digests, 5).remember(mutant(1), partly)
  const known = (patience_ms: number) => new Journal(file, "v1", digests, patience_ms).recall(mutant(1))
  expect([known(4), known(5)]).toEqual([partly, partly])
  expect(known(6)).toEqual({ ...survived, files: ["test/one.test.ts"] })
})
