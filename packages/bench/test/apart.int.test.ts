import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { clockIn, measureApart } from "../src/apart.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-bench-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A process that runs some code in place of a benchmark; the path of its report is its last argument. */
const running = (code: string) => (_: string, report: string) => ["-e", code, "--", report]

it.each([
  ["dies", "process.kill(process.pid, 'SIGKILL')", 60_000, "its process ended with SIGKILL before it told anything"],
  [
    "ends without a report",
    "process.exitCode = 3",
    60_000,
    "its process ended with exit code 3 before it told anything",
  ],
  ["never ends", "setInterval(() => {}, 1000)", 1000, "it took longer than 1 s and was ended"],
])("a benchmark that %s is told as one that failed", async (_, code, limit_ms, reason) => {
  expect(await measureApart("sample", running(code), limit_ms)).toEqual({
    benchmarks: [],
    failed: [{ name: "sample", reason }],
  })
})

it("what a process takes is remembered for the next run, and what is not known is guessed", () => {
  const file = join(folder, "cache", "durations.json")
  clockIn(file).took("a", 1234.4)
  const clock = clockIn(file)
  expect(clock.expected_ms(["a"])).toBe(1234)
  expect(clock.expected_ms(["a", "b"])).toBeGreaterThan(1234)
  expect(readdirSync(join(folder, "cache"))).toEqual(["durations.json"])
  writeFileSync(file, "{")
  expect(clockIn(file).expected_ms([])).toBe(0)
})
