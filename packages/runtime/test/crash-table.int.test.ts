import { Exit } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { crashPointsOf } from "./support/crashPoints.ts"
import { crashAt, faultsOf, printTable, runTable, settleOn, wholeTrace } from "./support/crashTable.ts"
import { makeMachine, type Variant } from "./support/Machine.ts"
import { leave } from "./support/sloppyJob.ts"

it("[W-12] [W-22] a settlement that is cut anywhere is settled once by whoever goes on, and nothing is left over", async () => {
  const table = await runTable(false)
  console.log(printTable(table))
  expect([...table.cells.values()].flatMap(({ faults }) => faults)).toEqual([])
  // A table that lost its rows would be green as well.
  const commits = table.rows.filter((row) => row.includes("commit"))
  // Asking, claiming, and both attempts; what begins or ends the run is one commit with what begins or ends its job.
  expect(commits).toHaveLength(1 + 1 + 1 + 1 + 2 * 6)
  expect(commits).toEqual(
    expect.arrayContaining([
      "1 commit job.accepted requested",
      "1 commit job.claimed",
      "2 commit verified job.completed",
    ]),
  )
  const effects = [
    "1 seed",
    "2 repair",
    ...[1, 2].flatMap((n) => ["agent", "build", "write", "readback", "seal", "verify"].map((step) => `${n} ${step}`)),
  ]
  expect(table.rows).toEqual(expect.arrayContaining(effects))
  for (const row of [...commits, ...effects])
    for (const place of ["before", "inside", "after"])
      for (const runners of [1, 2]) expect(table.cells.get(`${row}|${place}|${runners}`)?.runs).toBeGreaterThan(0)
}, 600_000)

const boom = () => {
  throw new Error("no")
}
const variants: ReadonlyArray<readonly [string, Variant]> = [
  ["its verifier fails", { twist: { verifier: { name: "v", verify: boom } }, outcomes: ["verifier_failed"] }],
  ["its builder throws", { twist: { build: boom }, outcomes: ["terminal_build_failed"] }],
  [
    "its repair decision throws",
    {
      twist: {
        recovery: { maxAttempts: 2, shouldRepair: boom, submit: () => ({ command: ["agent"], timeLimit_ms: 1000 }) },
      },
      // Cut between the request and its failure, the ledger does not say that the decision threw.
      outcomes: ["repair_decision_failed", "verified"],
    },
  ],
]
it.each(variants)(
  "[W-11] a settlement that is cut around its failure ends once: %s",
  async (_, variant) => {
    const points = crashPointsOf(await wholeTrace(variant), false).filter(({ row }) =>
      row.endsWith("commit failed job.failed"),
    )
    expect(points.length).toBeGreaterThan(3)
    const faults: Array<string> = []
    for (const point of points)
      for (const runners of [1, 2] as const)
        for (const loss of ["kill", "power"] as const)
          for (const fault of await crashAt(point, loss, runners, variant))
            faults.push(`${point.nth}, ${loss}: ${fault}`)
    expect(faults).toEqual([])
  },
  60_000,
)

it("[W-22] two runners at once, each of which may die anywhere, run one agent per attempt and leave one end", async () => {
  const operations_max = 600
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: operations_max }),
      fc.integer({ min: 1, max: operations_max }),
      fc.boolean(),
      async (a, b, isPowerCut) => {
        const machine = makeMachine(leave)
        const both = await Promise.all([settleOn(machine, { nth: a }), settleOn(machine, { nth: b })])
        const areDead = both.every(({ runner }) => runner.isDead())
        for (const { exit, runner } of both) expect(runner.isDead() || Exit.isSuccess(exit)).toBe(true)
        if (areDead && isPowerCut) machine.cutPower()
        const { exit } = await settleOn(machine)
        expect(Exit.isSuccess(exit)).toBe(true)
        expect(await faultsOf(machine)).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
}, 180_000)
