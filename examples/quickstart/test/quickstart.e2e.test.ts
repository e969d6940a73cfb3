import { layerNodeFiles } from "@waybill/host"
import { runServer } from "@waybill/jobspec-server"
import { fact_types } from "@waybill/workspace-job"
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const program = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const base = mkdtempSync(join(tmpdir(), "waybill-quickstart-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

interface Outcome {
  readonly runId: string
  readonly status: string
  readonly attempts: number
  readonly artifact: { readonly path: string; readonly sha256: string; readonly bytes: number }
  readonly ledger: string
  readonly facts: number
}
interface Line {
  readonly event_type: string
  readonly payload: Record<string, unknown>
}

const quickstart = (folder: string, ...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--conditions=@waybill/source", program, `--folder=${folder}`, ...args], {
    encoding: "utf8",
  })

const settle = (folder: string): Outcome => {
  const { status, stderr, stdout } = quickstart(folder, "--json")
  expect(stderr).toBe("")
  expect(status).toBe(0)
  return JSON.parse(stdout) as Outcome
}

const factsOf = (ledger: string): ReadonlyArray<Line> =>
  readFileSync(ledger, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)

/** The command lines of running processes that name a path; where there is no /proc, nobody is asked. */
const processesNaming = (path: string): ReadonlyArray<string> =>
  globSync("/proc/[0-9]*/cmdline")
    .map((file) => {
      try {
        return readFileSync(file, "utf8").replaceAll("\0", " ")
      } catch {
        // It has ended in the meantime.
        return ""
      }
    })
    .filter((line) => line.includes(path))

const agentRuns = (folder: string): number =>
  globSync(".agents/waybill/agent-runs/*/started.json", { cwd: folder }).length

const expectSettledOnce = (folder: string, outcome: Outcome) => {
  expect(outcome).toMatchObject({ status: "verified", attempts: 2 })
  const facts = factsOf(outcome.ledger)
  const ends = facts.filter(({ event_type }) => /\.(verified|verifier_rejected|failed)$/u.test(event_type))
  expect(ends.map(({ event_type }) => event_type)).toEqual([
    "workspace_job.verifier_rejected",
    "workspace_job.verified",
  ])
  expect(agentRuns(folder)).toBe(2)
  const finalized = facts.filter(({ event_type }) => event_type === "workspace_job.terminal_finalized").at(-1)
  const delivered = createHash("sha256").update(readFileSync(outcome.artifact.path)).digest("hex")
  expect(outcome.artifact.sha256).toBe(`sha256:${delivered}`)
  expect(finalized?.payload["terminalArtifact"]).toMatchObject({ sha256: outcome.artifact.sha256 })
}

describe("the quickstart", { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(base, "plain-"))
  let first: Outcome

  it("rejects the sloppy attempt, repairs, verifies and delivers; every digest is the same", () => {
    first = settle(folder)
    expectSettledOnce(folder, first)
  })

  it("keeps the lock file that the job is about, and judges by that copy", () => {
    const kept = readFileSync(join(folder, "inputs", `${first.runId}.package-lock.json`))
    expect(first.runId).toBe(`bom-${createHash("sha256").update(kept).digest("hex").slice(0, 16)}`)
  })

  it("tells why a job failed: the cause in full, and where to look", () => {
    const blocked = mkdtempSync(join(base, "blocked-"))
    mkdirSync(join(blocked, ".agents/waybill/data/workspaces"), { recursive: true })
    writeFileSync(join(blocked, ".agents/waybill/data/workspaces", first.runId), "a file where the workspace should be")
    const told = quickstart(blocked)
    expect(told.status).toBe(1)
    expect(told.stdout).toMatch(/✗ seed the workspace[^]*ENOTDIR/u)
    expect(told.stdout).toContain(join(blocked, ".agents/waybill/agent-runs"))
    expect(JSON.parse(quickstart(blocked, "--json").stdout)).toMatchObject({
      status: "failed",
      failure: { reason: "path_refused" },
    })
  })

  it("answers the same when it is run again, and runs no agent", () => {
    expect(settle(folder)).toEqual(first)
    expect(agentRuns(folder)).toBe(2)
  })

  it("is a job that a server over the folder shows as done, with the digest", async () => {
    const status = await Effect.runPromise(
      Effect.gen(function* () {
        const address = { host: "127.0.0.1", port: 0 }
        const { url } = yield* runServer({ root: folder, address, log: () => {} })
        const answer = yield* Effect.promise(() => fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(30_000) }))
        return (yield* Effect.promise(() => answer.json())) as { readonly queue: { readonly jobs: unknown } }
      }).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
    )
    expect(status.queue.jobs).toEqual([
      expect.objectContaining({
        job_id: first.runId,
        job_type: "settlement.run",
        status: "completed",
        artifacts: expect.objectContaining({ terminal_artifact_sha256: first.artifact.sha256 }),
      }),
    ])
  })

  it("tells the story in plain lines of at most 80 columns", () => {
    const { status, stdout } = quickstart(folder)
    expect(status).toBe(0)
    const shell = /^ {4}(sha256sum|grep|npm) /u
    const long = stdout
      .split("\n")
      .filter((line) => line.length > 80 && !shell.test(line) && !line.includes(folder) && !line.includes("sha256:"))
    expect(long).toEqual([])
    for (const name of ["complete", "hashes", "serial-number"]) expect(stdout).toContain(`✗ ${name}`)
  })

  it("prints commands that check the result: each, typed into a shell, says what is promised", () => {
    const { stdout } = quickstart(folder)
    const [digest, finalized, all, told] = stdout
      .split("\n")
      .filter((line) => /^ {4}(sha256sum|grep|npm) /u.test(line))
      .map((line) => spawnSync("sh", ["-c", line], { encoding: "utf8" }).stdout)
    const hex = first.artifact.sha256.slice("sha256:".length)
    expect(digest).toContain(hex)
    expect(JSON.parse(finalized ?? "")).toMatchObject({ payload: { terminalArtifact: { sha256: `sha256:${hex}` } } })
    expect(all?.trim().split("\n")).toHaveLength(first.facts)
    expect(stdout).toContain(`${first.facts} lines`)
    expect(JSON.parse(told ?? "")).toMatchObject({ ok: true, data: { run_id: first.runId, status: "verified" } })
  })

  it("says that a settled job is settled, and that there was nothing to crash after", () => {
    const { status, stderr, stdout } = quickstart(folder, "--crash-after=verified")
    expect(status).toBe(0)
    expect(stdout).toContain(`It is settled already, by ${first.facts} facts: no agent runs again.`)
    expect(stderr).toMatch(/^quickstart: this run recorded no verified, so --crash-after had nothing to follow/u)
  })

  it("ends in silence when nobody reads on, and with a line when there is no room for its words", () => {
    const line = `${process.execPath} --conditions=@waybill/source ${program} --folder=${folder}`
    expect(spawnSync("sh", ["-c", `${line} | head -n 1`], { encoding: "utf8" }).stderr).toBe("")
    if (!existsSync("/dev/full")) return
    const { status, stderr } = spawnSync("sh", ["-c", `${line} > /dev/full`], { encoding: "utf8" })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^\nquickstart: standard output: ENOSPC.*run the same command again to go on\n$/u)
  })

  it("stopped by Ctrl-C, says how to go on, leaves no process and settles once when it is run again", async () => {
    const stopped = mkdtempSync(join(base, "stopped-"))
    const child = spawn(process.execPath, ["--conditions=@waybill/source", program, `--folder=${stopped}`])
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes("seal it")) child.kill("SIGINT")
    })
    const [code] = (await once(child, "exit")) as [number | null]
    expect(code).toBe(130)
    expect(stderr).toContain("run the same command again to go on")
    expect(processesNaming(stopped)).toEqual([])
    expectSettledOnce(stopped, settle(stopped))
  })

  it("delivers nothing when one byte of the sealed artifact was changed", () => {
    const hex = first.artifact.sha256.slice("sha256:".length)
    const sealed = join(folder, ".agents/waybill/data/sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4), hex)
    const bytes = readFileSync(sealed)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    chmodSync(sealed, 0o600)
    writeFileSync(sealed, bytes)
    rmSync(first.artifact.path)
    const { status, stderr, stdout } = quickstart(folder, "--json")
    expect(status).toBe(1)
    expect(stdout).toBe("")
    expect(stderr).toMatch(/deliver: the sealed artifact .* has changed since it was verified.*nothing was released/u)
    expect(existsSync(first.artifact.path)).toBe(false)
  })

  it("refuses an option it does not have, and a fact that does not exist, in one line", () => {
    for (const option of ["--nope", "--crash-after=nothing", "--folder="]) {
      const { status, stderr } = quickstart(folder, option)
      expect(status).toBe(2)
      expect(stderr.trim().split("\n")).toHaveLength(1)
    }
  })

  const kinds = fact_types
    .map(({ event_type }) => event_type.replace("workspace_job.", ""))
    .filter((kind) => kind !== "failed")

  it.each(kinds)("killed right after %s and run again, settles once with the same digest", (kind) => {
    const crashed = mkdtempSync(join(base, "crash-"))
    expect(quickstart(crashed, `--crash-after=${kind}`).signal).toBe("SIGKILL")
    const outcome = settle(crashed)
    expectSettledOnce(crashed, outcome)
    expect(outcome.artifact.sha256).toBe(first.artifact.sha256)
  })
})
