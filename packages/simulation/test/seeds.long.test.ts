import { expect, it } from "vitest"
import { availableParallelism } from "node:os"
import { runSeeds } from "../src/runSeeds.ts"

it("no law is broken in 100 000 worlds", { timeout: 24 * 3_600_000 }, async () => {
  const sum = await runSeeds({ from: 1, count: 100_000, workers: Math.min(4, availableParallelism()) })
  expect(
    sum.failed.map(({ first, seed }) => `npm run simulate -- --seed ${seed}: ${first.law}: ${first.fault}`),
  ).toEqual([])
})
