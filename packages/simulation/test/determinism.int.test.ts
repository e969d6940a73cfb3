import { expect, it, vi } from "vitest"
import { findLaws } from "../src/findLaws.ts"
import { planOf } from "../src/Plan.ts"
import { simulate } from "../src/simulate.ts"

// What a world takes depends on the machine, and nothing else here does.
vi.setConfig({ testTimeout: 600_000 })

it("a seed goes the same way every time, to the last event, traced or not", async () => {
  const laws = await findLaws()
  for (let seed = 1; seed <= 15; seed++) {
    const once = simulate(seed, { laws, isTraced: true })
    const again = simulate(seed, { laws })
    expect([again.hash, again.steps, again.events], `seed ${seed}`).toEqual([once.hash, once.steps, once.events])
  }
})

it("different seeds go different ways", async () => {
  const laws = await findLaws()
  const hashes = Array.from({ length: 10 }, (_, i) => simulate(i + 1, { laws }).hash)
  expect(new Set(hashes).size).toBe(hashes.length)
})

it("a kind of fault that is switched off is not met, and leaves the rest of the plan as it is", async () => {
  const laws = await findLaws()
  const seed = 3
  const { faults, ...plan } = planOf(seed)
  const [off] = faults
  if (off === undefined) throw new Error(`seed ${seed} has no faults`)
  expect(planOf(seed, { without: [off] }).jobs).toBe(plan.jobs)
  expect(simulate(seed, { laws, reduction: { without: [off] } }).met.has(off)).toBe(false)
})
