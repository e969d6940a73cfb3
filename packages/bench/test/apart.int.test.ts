import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it, vi } from "vitest"
import { clockIn, measureApart, Refused } from "../src/apart.ts"
import { Interrupted } from "../src/ProcessGroup.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-bench-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A process that runs some code in place of a benchmark; the path of its report is its last argument. */
const running = (code: string) => (_: string, report: string) => ["-e", code, "--", report]

const never = new AbortController().signal

/** A process that leaves another one behind, and a file; it tells the other's id and its folder, and goes on or not. */
const leaving = (told: string, goesOn: boolean) =>
  running(`
    const { spawn } = require("node:child_process")
    const { mkdtempSync, writeFileSync, renameSync } = require("node:fs")
    const folder = mkdtempSync(require("node:path").join(require("node:os").tmpdir(), "left-"))
    const { pid } = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => process.exit()); setTimeout(() => {}, 60000)"], { stdio: "ignore" })
    writeFileSync(${JSON.stringify(`${told}.new`)}, JSON.stringify({ pid, folder }))
    renameSync(${JSON.stringify(`${told}.new`)}, ${JSON.stringify(told)})
    ${goesOn ? "setInterval(() => {}, 1000)" : "process.exit(3)"}
  `)

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // An orphan that ended stays until somebody reaps it, which is not ours to do.
    return process.platform !== "linux" || !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

const readLeft = (told: string): { readonly pid: number; readonly folder: string } =>
  JSON.parse(readFileSync(told, "utf8"))

const expectNothingLeft = (told: string): void => {
  const left = readLeft(told)
  expect(isThere(left.pid)).toBe(false)
  expect(existsSync(join(left.folder, ".."))).toBe(false)
}

it("a benchmark that ends leaves neither processes nor temporary files behind", async () => {
  const told = join(folder, "ends.json")
  expect((await measureApart("sample", leaving(told, false), { abort: never })).failed).toHaveLength(1)
  expectNothingLeft(told)
})

it("a benchmark that takes too long leaves neither processes nor temporary files behind", async () => {
  const told = join(folder, "late.json")
  // Where the machine is so busy that the benchmark did not get to begin, it is given more time.
  for (let limit_ms = 1500; !existsSync(told); limit_ms *= 2)
    expect((await measureApart("sample", leaving(told, true), { abort: never, limit_ms })).failed).toHaveLength(1)
  expectNothingLeft(told)
})

it("a benchmark that is interrupted leaves neither processes nor temporary files behind", async () => {
  const told = join(folder, "interrupted.json")
  const controller = new AbortController()
  const measured = measureApart("sample", leaving(told, true), { abort: controller.signal })
  const refused = expect(measured).rejects.toThrow("interrupted (SIGTERM)")
  await vi.waitFor(() => expect(existsSync(told)).toBe(true), { timeout: 25_000 })
  expect(isThere(readLeft(told).pid)).toBe(true)
  controller.abort(new Interrupted("SIGTERM"))
  await refused
  expectNothingLeft(told)
})

it("a mistake in the command line is refused, and not told as a benchmark that failed", async () => {
  await expect(measureApart("sample", running("process.exitCode = 2"), { abort: never })).rejects.toThrow(Refused)
})

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
  expect(await measureApart("sample", running(code), { limit_ms, abort: never })).toEqual({
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
