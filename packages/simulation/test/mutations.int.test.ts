import { expect, it } from "vitest"
import { mutations } from "../src/mutations.ts"
import { findMutation } from "./support/mutated.ts"

const quick = mutations.filter(({ seeds_max }) => seeds_max <= 60)

it.for(quick)("is found: $name", { timeout: 300_000 }, async ({ breaks, name, seeds_max }) => {
  const found = await findMutation(name, seeds_max)
  expect(found.isApplied).toBe(true)
  const laws = found.laws ?? []
  expect(
    laws.filter((law) => breaks.includes(law)),
    `of ${seeds_max} seeds: ${laws.join(" ")}`,
  ).not.toEqual([])
})
