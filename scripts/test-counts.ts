/** What this repository reads of the report that vitest's json reporter writes. */
export interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

/**
 * One line, `12 passed, 0 failed, 1 skipped`; the last part only if something was skipped.
 *
 * A file that could not be loaded holds tests that nobody counted: it is one failure, never zero.
 */
export const countTests = (report: VitestReport): string => {
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every(({ status }) => status !== "failed"),
  ).length
  const skipped = report.numPendingTests + report.numTodoTests
  const line = `${report.numPassedTests} passed, ${report.numFailedTests + unloadable} failed`
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}
