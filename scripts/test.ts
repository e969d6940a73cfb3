/**
 * `npm test`: types, lint, Effect diagnostics, format, then every test. Stops at the first step that fails.
 * Arguments go to vitest: `npm test -- packages/ledger`. The last line counts the tests.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, run, seconds } from "./run-tool.ts"
import { countTests } from "./test-counts.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-test-"))
const report = join(folder, "vitest.json")
// Hundreds of processes load the same sources: compiled once, they cost a quarter less.
process.env["NODE_COMPILE_CACHE"] ??= join(folder, "compiled")
process.env["WAYBILL_BUNDLED"] ??= join(folder, "bundled")
mkdirSync(process.env["WAYBILL_BUNDLED"], { recursive: true })

const steps: ReadonlyArray<{ readonly title: string; readonly command: readonly [string, ...Array<string>] }> = [
  { title: "types", command: ["tsc", "-p", "."] },
  { title: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { title: "effects", command: ["effect-tsgo", "diagnostics", "--project", "tsconfig.json", "--format", "text"] },
  { title: "format", command: ["oxfmt", "--check"] },
  {
    title: "tests",
    command: [
      "vitest",
      "run",
      "--config",
      "vitest.workspace.ts",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...process.argv.slice(2),
    ],
  },
]

const started = performance.now()
let failed: string | undefined
for (const { title, command } of steps) {
  console.log(`\n=== ${title}: ${command[0]}`)
  const stepStarted = performance.now()
  const code = await run(command, root)
  console.log(`=== ${title}: ${code === 0 ? "ok" : `FAILED (exit code ${code})`} in ${seconds(stepStarted)}`)
  if (code !== 0) {
    failed = title
    break
  }
}

console.log(`\n${failed === undefined ? "All steps passed" : `Stopped at "${failed}"`} after ${seconds(started)}.`)
if (failed === undefined || failed === "tests") {
  const counts = (() => {
    try {
      return countTests(JSON.parse(readFileSync(report, "utf8")))
    } catch (cause) {
      failed = "tests"
      return `no tests were counted: vitest left no report (${cause instanceof Error ? cause.message : String(cause)})`
    }
  })()
  console.log(counts)
}
rmSync(folder, { recursive: true, force: true })
process.exitCode = failed === undefined ? 0 : 1
