import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { bundledAsPublished } from "../../../scripts/bundled.ts"
import { callWith } from "./support/servers.ts"

let program = ""
beforeAll(async () => {
  program = await bundledAsPublished()
}, 60_000)

/** A project whose agent waits until it is let go. */
const makeProject = () => {
  const root = mkdtempSync(join(tmpdir(), "waybill-detached-"))
  mkdirSync(join(root, ".agents"))
  const agent = join(root, "agent.sh")
  const lines = [
    "#!/bin/sh",
    `while [ ! -e '${root}/go' ]; do sleep 0.05; done`,
    "echo said",
    "echo final > report.txt",
  ]
  writeFileSync(agent, `${lines.join("\n")}\n`)
  chmodSync(agent, 0o755)
  return {
    root,
    go: () => writeFileSync(join(root, "go"), ""),
    words: (...more: ReadonlyArray<string>) => [
      "settle",
      "--detach",
      "--candidate",
      "report.txt",
      "--schema-id",
      "text/v1",
      "--verify",
      "grep -q final",
      ...more,
      "--",
      "./agent.sh",
    ],
    call: (...words: ReadonlyArray<string>) => callWith({})(...words, "--root", root),
  }
}

const env = { PATH: process.env["PATH"] }
const run = (cwd: string, words: ReadonlyArray<string>) => {
  const { status, stdout } = spawnSync(process.execPath, [program, ...words], { cwd, env })
  const envelope = JSON.parse(stdout.toString()) as {
    readonly data: Readonly<Record<string, unknown>>
    readonly error: { readonly code: string } | null
  }
  return { exit_code: status, data: envelope.data, code: envelope.error?.code }
}

describe("settle --detach", { timeout: 60_000 }, () => {
  it("answers with a descriptor when the job is in the ledger, and all that is asked of jobs works on it", async () => {
    const { call, go, root, words } = makeProject()
    const started = run(root, words("--run-id", "r1"))
    expect(started).toMatchObject({ exit_code: 0, data: { job_id: "r1", status: "running", terminal: false } })
    // Nothing is waited for between the answer and the question: the job is there.
    const typed = String(started.data["status_command"]).split(" ").slice(1)
    expect(run(tmpdir(), typed)).toMatchObject({ exit_code: 3, code: "JOB_RUNNING" })
    go()
    expect(await call("wait", "r1", "--for", "50s")).toMatchObject({ exit_code: 0, data: { run_status: "verified" } })
    expect((await call("logs", "r1")).stdout).toContain("said")
    expect(run(root, words("--run-id", "r1"))).toMatchObject({ exit_code: 0, data: { status: "complete" } })
    expect((await call("deliver", "r1")).stdout).toBe("final\n")
    expect(readFileSync(String(started.data["log_file"]), "utf8")).toContain("run the agent")
  })

  it("goes on when whoever asked is gone, with everything that was started along with it", async () => {
    const { call, go, root, words } = makeProject()
    // A session of its own, as a terminal has it, that is hung up on.
    const asking = spawn(process.execPath, [program, ...words("--run-id", "r1")], {
      cwd: root,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    })
    await once(asking.stdout, "data")
    if (asking.pid !== undefined) {
      try {
        process.kill(-asking.pid, "SIGHUP")
      } catch (error) {
        // Everything in the session has ended by itself.
        expect(error).toMatchObject({ code: "ESRCH" })
      }
    }
    expect((await call("job", "status", "r1")).code).toBe("JOB_RUNNING")
    go()
    expect(await call("wait", "r1", "--for", "50s")).toMatchObject({ exit_code: 0 })
  })

  it("is called off with its agent, and the end is in the ledger", async () => {
    const { call, root, words } = makeProject()
    const started = run(root, words("--run-id", "r1"))
    const cancel = String(started.data["cancel_command"]).split(" ").slice(1)
    expect([0, 3]).toContain(run(root, cancel).exit_code)
    expect((await call("wait", "r1", "--for", "50s")).exit_code).toBe(4)
    expect((await call("explain", "r1")).data["status"]).toBe("failed")
    expect(existsSync(join(root, "go"))).toBe(false)
  })

  it("what cannot be accepted is told as it is without --detach", () => {
    const { root, words } = makeProject()
    expect(run(root, words("--seed", "nothing=x"))).toMatchObject({ exit_code: 2, code: "SEED_UNUSABLE" })
    expect(run(root, words("--json-schema", "nothing"))).toMatchObject({ exit_code: 2, code: "JSON_SCHEMA_UNUSABLE" })
  })
})
