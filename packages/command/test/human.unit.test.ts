/**
 * What a person asked for stands whole on the terminal, or it is said where it does.
 *
 * @module
 */
import { expect, it } from "vitest"
import { humanData, table } from "../src/Human.ts"

const style = { columns: 60, colour: false }
const digest = "60daa0ac".repeat(8)
const long_path = "/srv/project/.agents/daemon/artifacts/objects"
const paths = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ path: `${long_path}/${n}.json`, reason: "nobody needs it any more" }))

it("one row that is too wide stands as lines, whole, however narrow the terminal is", () => {
  const text = humanData({ tokens: [{ name: "server", token: digest }] }, style)
  expect(text).toBe(`tokens\nname   server\ntoken  ${digest}`)
})

it("a few rows that are too wide stand whole, one under the other", () => {
  const text = humanData(paths(2), style)
  expect(text.split("\n\n")).toHaveLength(2)
  for (const { path } of paths(2)) expect(text).toContain(`path    ${path}`)
})

it("rows that hold objects are never cut in the midst of one", () => {
  const rows = Array.from({ length: 5 }, (_, n) => ({ n, failure: { phase: "verify_infra", detail: "x".repeat(60) } }))
  const text = humanData(rows, style)
  expect(text).not.toContain("…")
  expect(text.match(/x{60}/gu)).toHaveLength(5)
})

it("many paths are cut in their middle, so that they still differ, and it is said how to see them whole", () => {
  const [, ...lines] = humanData(paths(9), style).split("\n")
  expect(lines.pop()).toBe("Cut to the width of the terminal; whole with --output json.")
  expect(new Set(lines).size).toBe(9)
  for (const [n, line] of lines.entries()) expect(line).toMatch(new RegExp(`^/srv.*….*${n}\\.json {2}nobody`))
})

it("a table that fits stays one, and nothing is said below it", () => {
  const rows = [
    { id: 1, name: "one" },
    { id: 2, name: "two" },
  ]
  expect(humanData(rows, style)).toBe(table(rows, style))
  expect(humanData(rows, style).split("\n")).toHaveLength(3)
})
