import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const program = fileURLToPath(new URL("./support/program.ts", import.meta.url))
const base = mkdtempSync(join(tmpdir(), "waybill-crashes-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

interface Outcome {
  readonly status: { readonly status: string; readonly terminalArtifact?: { readonly sha256: string } }
  readonly facts: ReadonlyArray<{ readonly event_type: string; readonly payload: Record<string, unknown> }>
}

const run = (root: string, ...args: ReadonlyArray<string>) => {
  const { signal, status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=@waybill/source", program, root, ...args],
    { encoding: "utf8" },
  )
  return { signal, status, stderr, stdout }
}

const ends = new Set(["workspace_job.verified", "workspace_job.verifier_rejected", "workspace_job.failed"])

const expectSettledOnce = (root: string) => {
  const { stderr, stdout } = run(root)
  expect(stderr).toBe("")
  const { facts, status } = JSON.parse(stdout) as Outcome
  expect(status.status).toBe("verified")
  expect(status.terminalArtifact?.sha256).toBe(`sha256:${createHash("sha256").update("final!").digest("hex")}`)
  const runs = readFileSync(join(root, "runs"), "utf8").trim().split("\n")
  expect(runs).toEqual(["1", "2"])
  const requested = facts.filter(({ event_type }) => event_type === "workspace_job.requested")
  expect(requested).toHaveLength(2)
  const terminals = facts.filter(({ event_type }) => ends.has(event_type))
  expect(terminals.map(({ event_type }) => event_type)).toEqual([
    "workspace_job.verifier_rejected",
    "workspace_job.verified",
  ])
  expect(facts).toHaveLength(2 + 1 + 2 * 5)
  return facts
}

const commits: ReadonlyArray<readonly [string, number]> = [
  ["workspace_job.requested", 1],
  ["workspace_job.seed_written", 1],
  ["workspace_job.terminal_build_attempted", 1],
  ["workspace_job.artifact_written", 1],
  ["workspace_job.artifact_readback_verified", 1],
  ["workspace_job.terminal_finalized", 1],
  ["workspace_job.verifier_rejected", 1],
  ["workspace_job.requested", 2],
  ["workspace_job.terminal_build_attempted", 2],
  ["workspace_job.artifact_written", 2],
  ["workspace_job.artifact_readback_verified", 2],
  ["workspace_job.terminal_finalized", 2],
  ["workspace_job.verified", 1],
]

describe("a job that is killed after a commit and run again", () => {
  it("settles in one go without a crash, and answers the same when it is asked again", () => {
    const root = mkdtempSync(join(base, "none-"))
    const first = expectSettledOnce(root)
    expect(expectSettledOnce(root)).toEqual(first)
  })

  it.each(commits)("is settled once with one agent run per attempt: %s (%i)", (type, nth) => {
    const root = mkdtempSync(join(base, "crash-"))
    const crashed = run(root, `--crash-after=${type}:${nth}`)
    expect(crashed.signal).toBe("SIGKILL")
    expectSettledOnce(root)
  })
})
