import { invoke } from "@waybill/command"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"

const env = { PATH: process.env["PATH"] ?? "" }
const terminal = { columns: 200 }
const settled = async (...agent: ReadonlyArray<string>) => {
  const root = mkdtempSync(join(tmpdir(), "waybill-explain-"))
  const judged = ["--run-id=r", "--candidate=out", "--schema-id=text/v1", "--verify=true"]
  const { exit_code } = await invoke(waybill, ["settle", `--root=${root}`, ...judged, "--", ...agent], { env })
  expect(exit_code).toBe(81)
  return (command: string, more: object = {}) => invoke(waybill, [command, "r", `--root=${root}`], { env, ...more })
}

describe("explain says in plain words why the agent left no work", () => {
  it.each([
    ["it cannot be started", ["./nowhere"], "./nowhere could not be started: no such file or directory (ENOENT)"],
    ["it fails", ["/bin/sh", "-c", "exit 9"], "it exited with 9"],
    ["it is ended", ["/bin/sh", "-c", "kill -KILL $$"], "it was ended by SIGKILL"],
  ])("%s", async (_, agent, why) => {
    const ask = await settled(...agent)
    expect((await ask("explain")).envelope?.data).toMatchObject({
      in_words: expect.stringContaining(`${why}.`),
      attempts: [{ status: "failed", note: why }],
    })
    expect((await ask("explain", { terminal })).stdout).toContain(why)
  })

  it("and so do logs", async () => {
    const ask = await settled("./nowhere")
    expect((await ask("logs", { terminal })).stdout).toContain("./nowhere could not be started")
  })
})

describe("explain and logs say later what settle said then", () => {
  it.each<readonly [string, string, string, string]>([
    [
      "the verifier prints something else",
      "cat",
      "echo hi >out",
      "add >/dev/null or -q if its exit code is the answer",
    ],
    ["there is no candidate", "true", "true", 'there is no candidate at "out"'],
    ["the candidate is a link", "true", "ln -s /etc/hostname out", 'the path "out" is refused'],
    ["the candidate is a folder", "true", "mkdir out", 'the path "out" is refused'],
  ])("%s", async (_, verify, agent, why) => {
    const root = mkdtempSync(join(tmpdir(), "waybill-explain-"))
    const judged = ["--run-id=r", "--candidate=out", "--schema-id=text/v1", `--verify=${verify}`]
    const words = ["settle", `--root=${root}`, ...judged, "--", "/bin/sh", "-c", agent]
    const settling = await invoke(waybill, words, { env })
    expect([settling.exit_code, settling.envelope?.error?.detail]).toEqual([81, expect.stringContaining(why)])
    const ask = (command: string, more: object = {}) =>
      invoke(waybill, [command, "r", `--root=${root}`], { env, ...more })
    const { envelope } = await ask("explain")
    expect(envelope?.data).toMatchObject({
      in_words: expect.stringContaining(why),
      attempts: [{ status: "failed", note: expect.stringContaining(why) }],
    })
    expect(envelope?.data).not.toMatchObject({ in_words: expect.stringMatching(/may succeed\.$/u) })
    expect((await ask("logs", { terminal })).stdout).toContain(why)
  })
})
