import { expect, it } from "vitest"
import { mutations } from "../src/mutations.ts"
import { findMutation } from "./support/mutated.ts"

it.for(mutations)("is found: $name", async ({ breaks, name, seeds_max }) => {
  const found = await findMutation(name, seeds_max)
  expect(found.isApplied).toBe(true)
  const laws = found.laws ?? []
  expect(
    laws.filter((law) => breaks.includes(law)),
    `of ${seeds_max} seeds: ${laws.join(" ")}`,
  ).not.toEqual([])
})
