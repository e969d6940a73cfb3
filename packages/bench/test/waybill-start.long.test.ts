import { expect, it } from "vitest"
import { measure } from "../src/Harness.ts"
import waybillStart from "../src/benchmarks/waybill-start.ts"

it("the bundled waybill shows its version within 1.4 times the start of Node itself", async () => {
  const { subjects } = await measure(
    { now: () => performance.now(), collectGarbage: undefined, progress: () => undefined },
    waybillStart,
    { runs: 40, warmups: 3, seed: 1 },
  )
  const fastest = (name: string) => Math.min(...(subjects.find((each) => each.name === name)?.runs_ms ?? []))
  // The fastest of many runs in turns: what else the machine does only ever adds.
  expect(fastest("waybill --version") / fastest("node -e 0")).toBeLessThanOrEqual(1.4)
})
