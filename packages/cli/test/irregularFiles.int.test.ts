import { invoke } from "@waybill/command"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"

const env = { PATH: process.env["PATH"] ?? "" }
const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-irregular-"))
const makeFifo = (folder: string) => {
  const path = join(folder, "pipe")
  execFileSync("mkfifo", ["-m", "600", path])
  return path
}
const settling = (root: string, ...words: ReadonlyArray<string>) => [
  "settle",
  `--root=${root}`,
  "--candidate=out",
  "--schema-id=text/v1",
  "--verify=true",
  ...words,
  "--",
  "/bin/sh",
  "-c",
  "echo done > out",
]

/** A call that waited for the other end of the pipe would never end. */
describe("a pipe where a file is meant is refused at once, and what is recorded is nothing", () => {
  it.each<readonly [option: string, words: (root: string, pipe: string) => ReadonlyArray<string>]>([
    ["--json-schema", (root, pipe) => settling(root, `--json-schema=${pipe}`)],
    ["--seed", (root, pipe) => settling(root, `--seed=${pipe}=x`)],
    ["--payload", (root, pipe) => ["submit", `--root=${root}`, "--type=report.build", `--payload=@${pipe}`]],
    ["FILE", (root, pipe) => ["ledger", "import", pipe, `--root=${root}`]],
    ["--token-file", (_, pipe) => ["conformance", "run", "--url=http://127.0.0.1:1", `--token-file=${pipe}`]],
    [
      "--report",
      (root, pipe) => {
        const report = join(root, "report.json")
        symlinkSync(pipe, report)
        return ["conformance", "run", "--url=http://127.0.0.1:1", `--report=${report}`]
      },
    ],
    [
      "--badge",
      (root, pipe) => {
        const badge = join(root, "badge.svg")
        symlinkSync(pipe, badge)
        return ["conformance", "run", "--url=http://127.0.0.1:1", `--badge=${badge}`]
      },
    ],
  ])("%s", async (option, words) => {
    const root = makeRoot()
    const { envelope, exit_code } = await invoke(waybill, words(root, makeFifo(root)), { env })
    expect(exit_code).toBe(2)
    const said = envelope?.error?.message ?? ""
    expect(said).toContain(option)
    expect(said).toContain(root)
    expect(said).toContain("not a regular file")
    expect(existsSync(join(root, ".agents/daemon/ledger.jsonl"))).toBe(false)
  })

  it("the token file and the work plan of a server", async () => {
    const root = makeRoot()
    const pipe = makeFifo(root)
    for (const words of [
      ["token", `--root=${root}`, `--token-file=${pipe}`],
      ["serve", `--root=${root}`, "--addr=127.0.0.1:0", `--token-file=${pipe}`],
      ["serve", `--root=${root}`, "--addr=127.0.0.1:0", "--workers=1", `--work-plan=${pipe}`],
      ["submit", "--server=http://127.0.0.1:1", "--type=report.build", `--token-file=${pipe}`],
    ]) {
      const { envelope, exit_code } = await invoke(waybill, words, { env })
      expect(exit_code).not.toBe(0)
      expect(envelope?.error?.message).toContain(`${pipe}`)
      expect(envelope?.error?.message).toContain("not a regular file")
    }
  })
})

it("what a workspace holds besides files and folders is left out, and said", async () => {
  const root = makeRoot()
  const folder = join(root, "work")
  mkdirSync(join(folder, "inner"), { recursive: true })
  mkdirSync(join(folder, "node_modules"))
  writeFileSync(join(folder, "a"), "a")
  makeFifo(join(folder, "inner"))
  const { envelope, exit_code } = await invoke(waybill, settling(root, `--workspace=${folder}`), { env })
  expect(exit_code).toBe(0)
  expect(envelope?.warnings).toEqual([expect.stringMatching(/^SEED_LEFT_OUT.*inner\/pipe/u)])
})
