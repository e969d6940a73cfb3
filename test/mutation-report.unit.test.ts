/** What is printed and written about mutants. */
import { describe, expect, it } from "vitest"
import { type MutationReport, scoresOf, survivors, table } from "../mutation/Report.ts"

const source = "const a = 1\nconst b = a > 0 ? `x` : y(\n  a,\n)\n"
const at = (line: number, column: number, endLine: number, endColumn: number) => ({
  start: { line, column },
  end: { line: endLine, column: endColumn },
})
const report: MutationReport = {
  files: {
    "packages/x/src/sub/B.ts": {
      source,
      mutants: [
        { mutatorName: "Equality", replacement: "a >= 0", status: "Survived", location: at(2, 11, 2, 16) },
        { mutatorName: "Call", replacement: "", status: "NoCoverage", location: at(2, 25, 4, 2) },
        { mutatorName: "Number", replacement: "2", status: "Killed", location: at(1, 11, 1, 12) },
        { mutatorName: "Loop", replacement: "true", status: "Timeout", location: at(1, 11, 1, 12) },
        { mutatorName: "Never", replacement: "", status: "Ignored", location: at(1, 1, 1, 2) },
      ],
    },
    "packages/x/src/A.ts": { source: "", mutants: [] },
  },
}

describe("a mutation report", () => {
  const scores = scoresOf("x", report)
  it("counts as noticed what was killed or hung, of all that was tried", () => {
    expect(scores.whole).toEqual({ name: "x", killed: 1, timeout: 1, survived: 1, uncovered: 1, score: 50 })
    expect(scores.parts.map(({ name, score }) => [name, score])).toEqual([
      ["A.ts", 100],
      ["sub/B.ts", 50],
    ])
  })
  it("is a table by package and file", () =>
    expect(table([scores])).toBe(
      [
        "                                 score    killed   timeout  survived uncovered",
        "x                                 50.0         1         1         1         1",
        "  A.ts                           100.0         0         0         0         0",
        "  sub/B.ts                        50.0         1         1         1         1",
      ].join("\n"),
    ))
  it("shows of every survivor where it is, what was there and what stood there instead", () =>
    expect(survivors(report)).toBe(
      [
        "packages/x/src/sub/B.ts:2 Survived Equality",
        "    const b = a > 0 ? `x` : y(",
        "  - a > 0",
        "  + a >= 0",
        "",
        "packages/x/src/sub/B.ts:2 NoCoverage Call",
        "    const b = a > 0 ? `x` : y(",
        "  - y(\n  a,\n)",
        "  + ",
        "",
      ].join("\n"),
    ))
})
