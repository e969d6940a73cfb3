import { expect, it } from "vitest"
import { measure } from "../src/Harness.ts"
import commandStart from "../src/benchmarks/command-start.ts"

it("a bundled tool shows its version within 1.4 times the start of Node itself", async () => {
  const { subjects } = await measure(
    { now: () => performance.now(), collectGarbage: undefined, progress: () => undefined },
    commandStart,
    { runs: 40, warmups: 3, seed: 1 },
  )
  const fastest = (name: string) => Math.min(...(subjects.find((each) => each.name === name)?.runs_ms ?? []))
  // The fastest of many runs in turns: what else the machine does only ever adds.
  expect(fastest("tool --version") / fastest("node -e 0")).toBeLessThanOrEqual(1.4)
  expect(fastest("tool job status nobody") / fastest("node -e 0")).toBeLessThanOrEqual(4)
})
