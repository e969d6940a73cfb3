import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Schema } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { readCommandLine, refuseContradictions } from "../src/CommandLine.ts"
import { discover } from "../src/Discovery.ts"
import { Report } from "../src/Report.ts"

const source = join(import.meta.dirname, "../src")
const bench = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--conditions=@waybill/source", join(source, "main.ts"), ...args], { encoding: "utf8" })

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "waybill-bench-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("every file in benchmarks is listed by its name", () => {
  const names = readdirSync(join(source, "benchmarks")).map((file) => file.replace(/\.ts$/, ""))
  const listed = bench("--list").stdout.trimEnd().split("\n")
  expect(listed.map((line) => line.split(" ")[0] ?? "").toSorted()).toEqual(names.toSorted())
})

it("a report is written that its schema reads, with the table on stdout and progress on stderr", () => {
  const file = join(folder, "report.json")
  const { status, stderr, stdout } = bench(
    "sha256-chunks",
    "--runs",
    "2",
    "--warmups",
    "0",
    "--seed",
    "3",
    "--json",
    file,
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("sha256-chunks: run 2 of 2") })
  expect(stdout).toContain("whole and chunks / whole at once")
  const report = Schema.decodeUnknownSync(Report, { onExcessProperty: "error" })(JSON.parse(readFileSync(file, "utf8")))
  expect(report).toMatchObject({ runs: 2, seed: 3, garbage_collected: true, versions: { effect: expect.any(String) } })
  expect(report.benchmarks[0]?.subjects.map(({ runs_ms }) => runs_ms.length)).toEqual([2, 2])
  expect(report.arguments?.join(" ")).toBe("sha256-chunks --runs 2 --warmups 0 --seed 3")

  const page = bench("--from", file, "--write")
  expect(page.status).toBe(1)
  expect(page.stderr).toMatch(/docs\/benchmarks\.md stays as it was.* encode-line was not measured/u)
})

it.each([
  [["nope"], 'there is no benchmark "nope"'],
  [["--runs", "0"], "--runs takes a whole number from 1 up"],
  [["--nope"], "--nope"],
  [["--runs", "-1"], "a dash is given as --option=VALUE"],
  [["sha256-chunks", "--json", tmpdir()], "the report cannot be written: EISDIR"],
  [["sha256-chunks", "--json", "/nowhere/at/all.json"], "the report cannot be written: ENOENT"],
])("the mistake in %j is told in one line", (args, message) => {
  const { status, stderr, stdout } = bench(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" })
  expect(stderr).toContain(message)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
})

it.each([
  [["--from", "a.json", "sha256-chunks", "--json", "b.json"], "leave out sha256-chunks, --json"],
  [["--from", "a.json", "--short", "--runs", "3", "--without", "queues"], "leave out --short, --without, --runs"],
  [["--write", "--short"], "the page shows one whole run"],
  [["--write", "--page", "there"], "not both"],
  [["--without", "everybody"], 'there are no peers "everybody"'],
])("what contradicts itself in %j is refused and not ignored", (args, message) => {
  const { positionals, values } = readCommandLine(args)
  expect(() => refuseContradictions(values, positionals)).toThrow(message)
})

it.each([
  [["HEAD", "--runs", "0"], "--runs takes a whole number from 1 up"],
  [["no-such-revision"], 'there is no revision "no-such-revision" here'],
])("a comparison that was mistyped as %j is refused before anything is measured", (args, message) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=@waybill/source", join(source, "compare.ts"), ...args],
    { encoding: "utf8" },
  )
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" })
  expect(stderr).toContain(message)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
})

it("a file that is no benchmark, or has another name, is refused", async () => {
  const other = mkdtempSync(join(folder, "other-"))
  writeFileSync(join(other, "a.ts"), "export default 1\n")
  await expect(discover(other)).rejects.toThrow("a.ts: its default export is not a benchmark")
  const renamed = mkdtempSync(join(folder, "renamed-"))
  writeFileSync(join(renamed, "b.ts"), 'export default { name: "c", open: async () => {} }\n')
  await expect(discover(renamed)).rejects.toThrow('the benchmark is named "c"')
})
