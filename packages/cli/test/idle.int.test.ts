/** What is begun by mistake, or left by everybody, is said. */
import { invoke } from "@waybill/command"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"

const env = { PATH: process.env["PATH"] ?? "" }
const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-idle-"))

describe("a root that was not there is told of by whoever makes it", () => {
  const settling = ["settle", "--candidate=o", "--schema-id=t", "--verify=true"]
  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["submit", ["submit", "--type=a.b"], []],
    ["settle", settling, ["--", "/bin/sh", "-c", "echo x >o"]],
  ])("%s", async (_, words, rest) => {
    const root = join(makeRoot(), "mistyped")
    const call = async () => {
      const { envelope, exit_code } = await invoke(waybill, [...words, `--root=${root}`, ...rest], { env })
      expect(exit_code).toBe(0)
      return envelope?.warnings
    }
    expect(await call()).toEqual([expect.stringContaining(root)])
    expect(await call()).toEqual([])
  })
})

/** A ledger in which the worker of a settlement was gone before it had a verdict. */
const abandoned = async (): Promise<string> => {
  const [whole, root] = [makeRoot(), makeRoot()]
  const words = ["--candidate=o", "--schema-id=t", "--verify=true", "--run-id=r", "--", "/bin/sh", "-c", "echo x >o"]
  expect((await invoke(waybill, ["settle", `--root=${whole}`, ...words], { env })).exit_code).toBe(0)
  const { stdout } = await invoke(waybill, ["ledger", "export", `--root=${whole}`], { env })
  const lines = stdout.split("\n").filter((line) => !/"(?:job\.completed|workspace_job\.verified)"/u.test(line))
  const lapsed = lines.join("\n").replaceAll(/("lease_expires_at":")[^"]*/gu, "$12020-01-01T00:00:00Z")
  const file = join(root, "lines")
  writeFileSync(file, lapsed)
  expect((await invoke(waybill, ["ledger", "import", file, `--root=${root}`], { env })).exit_code).toBe(0)
  return root
}

it("of a run that nobody works on, it is said how it goes on", async () => {
  const root = await abandoned()
  for (const words of [
    ["job", "status", "r"],
    ["wait", "r", "--for=1ms"],
  ]) {
    const { envelope } = await invoke(waybill, [...words, `--root=${root}`], { env })
    expect(envelope?.data).toMatchObject({ status: "running", queue_status: "retry_waiting" })
    expect(envelope?.error).toMatchObject({
      code: "JOB_RUNNING",
      message: "The job r has not ended, and nobody works on it now.",
      suggestion: expect.stringMatching(/same settle call again, with --run-id r.*waybill job cancel r --root/u),
    })
  }
})
