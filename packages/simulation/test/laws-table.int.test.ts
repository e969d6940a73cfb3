import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { findLaws } from "../src/findLaws.ts"

it("the page lists every law, by number, in its own words", async () => {
  const page = readFileSync(new URL("../../../docs/simulation.md", import.meta.url), "utf8")
  const listed = page.split("\n").filter((line) => line.startsWith("| SIM-"))
  const laws = await findLaws()
  const squeezed = (text: string) => text.replaceAll(/\s+/gu, " ")
  expect(listed.map(squeezed)).toEqual(laws.map(({ id, statement }) => `| ${id} | ${statement} |`))
  expect(new Set(laws.map(({ id }) => id)).size).toBe(laws.length)
})
