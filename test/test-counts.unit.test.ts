import { expect, it } from "vitest"
import { countTests } from "../scripts/test-counts.ts"

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }

it("skipped tests are named only when there are some", () => {
  expect(countTests(report)).toBe("3 passed, 0 failed")
  expect(countTests({ ...report, numPendingTests: 1, numTodoTests: 1 })).toBe("3 passed, 0 failed, 2 skipped")
})

it("a test file that cannot be loaded is a failure", () => {
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] },
    { status: "passed", assertionResults: [{ status: "passed" }] },
  ]
  expect(countTests({ ...report, numFailedTests: 1, testResults })).toBe("3 passed, 2 failed")
})
