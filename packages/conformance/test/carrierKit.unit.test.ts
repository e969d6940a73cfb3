import { checkCarrier, endsOf, type Step } from "@waybill/conformance"
import { Jobs } from "@waybill/workspace-job"
import { expect, it } from "vitest"
import { elsewhere } from "../src/carrier/elsewhere.ts"
import { queueCarrier } from "./support/carriers/queue.ts"
import { workspaceJob } from "./support/carriers/workspaceJob.ts"

const reasonOf = async (law: string, carrier: typeof workspaceJob): Promise<string> => {
  const { laws } = await checkCarrier(carrier, { laws: [law], runs: 20 })
  const [checked] = laws
  if (checked === undefined || checked.verdict.status === "pass") return "pass"
  return `${checked.verdict.status}: ${checked.verdict.reason}`
}

it("a law that was never put to the test does not hold", async () => {
  const { settlement } = workspaceJob
  if (settlement === undefined) throw new Error("the carrier settles")
  const without = { ...workspaceJob, ends: [endsOf(Jobs, () => [])] }
  expect(await reasonOf("PROJECTION-10", without)).toContain("fail: expected that some history comes to an end")
  const undelivered = { ...workspaceJob, settlement: { ...settlement, deliverable: () => undefined } }
  expect(await reasonOf("SETTLEMENT-01", undelivered)).toContain("fail: expected that some history has something")
})

it("what a carrier does not declare is not applicable, and never passed", async () => {
  const { ends: _, settlement: __, ...bare } = workspaceJob
  for (const law of ["PROJECTION-10", "SETTLEMENT-01", "SETTLEMENT-02", "SETTLEMENT-03", "SETTLEMENT-04"])
    expect(await reasonOf(law, bare)).toContain("not applicable: ")
})

it("a failure shows a history of a few facts, and the seed", async () => {
  const fickle = { ...workspaceJob, ends: [endsOf(Jobs, ({ current }) => [String(current.seedWritten !== undefined)])] }
  expect(await reasonOf("PROJECTION-10", fickle)).toMatch(/seen with \(seed 1\):(?:\n {2}\d+ [^\n]*){2,4}\n/u)
})

it("a decider that throws is told by the law that speaks of it alone, with a history of a few facts, and the seed", async () => {
  const steps = queueCarrier.steps.map((step): Step => ({
    ...step,
    take: (past) => {
      const move = step.take(past)
      return move === undefined || step.name !== "claim" || past.events.length % 3 !== 2
        ? move
        : {
            ...move,
            decide: () => {
              throw new TypeError("oops")
            },
          }
    },
  }))
  const { laws } = await checkCarrier({ ...queueCarrier, steps }, { runs: 40 })
  const failed = laws.flatMap(({ id, verdict }) => (verdict.status === "fail" ? [[id, verdict.reason]] : []))
  expect(failed).toEqual([
    ["CARRIER-08", expect.stringMatching(/^what claim does; seen with \(seed 1\):(?:\n {2}\d+ [^\n]*){2}\n.*oops/su)],
  ])
})

it("another day is over when the question was answered, or threw", () => {
  const [now, date, random] = [Date.now(), Date, Math.random]
  expect(elsewhere(() => Date.now() - now)).toBeGreaterThan(80_000_000)
  expect(elsewhere(() => new Date().getTime() - now)).toBeGreaterThan(80_000_000)
  expect(elsewhere(() => new Date(7).getTime())).toBe(7)
  expect(() =>
    elsewhere(() => {
      throw new Error("oh no")
    }),
  ).toThrow("oh no")
  expect([Date, Math.random]).toEqual([date, random])
})
