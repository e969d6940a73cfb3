import { expect, it } from "vitest"
import { fault_kinds } from "../src/Plan.ts"
import { runSeeds } from "../src/runSeeds.ts"

/** These change how everything goes and are nothing that is met. */
const pervasive = new Set(["slow-disk", "preemption", "shuffle", "rotation"])

it("no law is broken in 500 worlds, and they meet every kind of fault", { timeout: 600_000 }, async () => {
  const sum = await runSeeds({ from: 1, count: 500, workers: 1 })
  expect(
    sum.failed.map(({ first, seed }) => `npm run simulate -- --seed ${seed}: ${first.law}: ${first.fault}`),
  ).toEqual([])
  for (const kind of fault_kinds) if (!pervasive.has(kind)) expect(sum.met[kind], kind).toBeGreaterThan(20)
  // Not only what is easy came to pass.
  for (const type of ["job.claimed", "job.heartbeat", "job.completed", "job.failed", "job.cancelled"])
    expect(sum.recorded[type], type).toBeGreaterThan(100)
  for (const type of ["verified", "verifier_rejected", "failed"])
    expect(sum.recorded[`workspace_job.${type}`], type).toBeGreaterThan(20)
})
