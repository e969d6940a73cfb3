import type { ResponseEnvelope } from "@waybill/command-contract"
import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { Ajv2020 } from "ajv/dist/2020.js"
import { spawnSync } from "node:child_process"
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { bundledAsPublished } from "../../../scripts/bundled.ts"
import { needs } from "../../../test/support/needs.ts"

const isEnvelope = new Ajv2020({ strict: true }).compile(publishedJsonSchema("response-envelope"))
const terminal = join(import.meta.dirname, "support/terminal.py")
let program = ""

beforeAll(async () => {
  program = await bundledAsPublished()
}, 60_000)

const env = { PATH: process.env["PATH"], NO_COLOR: "1", TERM: "xterm" }

/** A project with an agent that is careless at first, and one that is slow. */
const makeProject = (): string => {
  const root = mkdtempSync(join(tmpdir(), "waybill-story-"))
  mkdirSync(join(root, ".agents"))
  const write = (name: string, ...lines: ReadonlyArray<string>) => {
    writeFileSync(join(root, name), `${["#!/bin/sh", ...lines].join("\n")}\n`)
    chmodSync(join(root, name), 0o755)
  }
  write("agent.sh", 'if [ "$WAYBILL_ATTEMPT" = 1 ]; then echo draft > report.txt; else echo final > report.txt; fi')
  write("slow.sh", `echo started >> '${root}/starts'`, "sleep 3", "echo final > report.txt")
  return root
}

const settling = (runId: string, agent: string, ...words: ReadonlyArray<string>) => [
  "settle",
  "--candidate",
  "report.txt",
  "--schema-id",
  "text/v1",
  "--verify",
  "grep -q final",
  "--run-id",
  runId,
  ...words,
  "--",
  agent,
]

const piped =
  (root: string) =>
  (...words: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...words], { cwd: root, env })
    return { exit_code: status, stdout, stderr: stderr.toString() }
  }

const asked =
  (root: string) =>
  (...words: ReadonlyArray<string>) => {
    const { exit_code, stdout } = piped(root)(...words)
    const envelope: ResponseEnvelope = JSON.parse(stdout.toString())
    expect(isEnvelope(envelope), JSON.stringify(isEnvelope.errors)).toBe(true)
    return { exit_code, code: envelope.error?.code, data: envelope.data as Readonly<Record<string, unknown>>, envelope }
  }

const onTerminal =
  (root: string) =>
  (words: ReadonlyArray<string>, interrupt_s = 0) => {
    const { status, stdout } = spawnSync(
      "python3",
      [terminal, String(interrupt_s), process.execPath, program, ...words],
      { cwd: root, env },
    )
    return { exit_code: status, text: stdout.toString() }
  }

/** Changes one byte of what was sealed, as a failing disk or a stranger would. */
const tamper = (root: string): void => {
  const bytes = globSync(join(root, ".agents/waybill/data/sealed/sha256/*/*/*")).filter((path) =>
    readFileSync(path, "utf8").startsWith("final"),
  )
  expect(bytes).toHaveLength(1)
  for (const path of bytes) {
    chmodSync(path, 0o644)
    writeFileSync(path, "fine!\n")
  }
}

describe("piped", { timeout: 60_000 }, () => {
  it("settle, rejected, repaired, verified; deliver; tamper; refused; the ledger is sound", () => {
    const root = makeProject()
    const ask = asked(root)
    const settled = ask(...settling("r1", "./agent.sh", "--max-attempts", "2"))
    expect(settled.exit_code).toBe(0)
    const { attempts } = settled.data as { readonly attempts: ReadonlyArray<{ readonly status: string }> }
    expect(attempts.map(({ status }) => status)).toEqual(["verifier_rejected", "verified"])
    expect(ask(...settling("r1", "./agent.sh", "--max-attempts", "2")).data).toEqual(settled.data)

    expect(piped(root)("deliver", "r1").stdout.toString()).toBe("final\n")
    expect(piped(root)("deliver", "r1", "--to", "out.txt").exit_code).toBe(0)
    expect(readFileSync(join(root, "out.txt"), "utf8")).toBe("final\n")
    expect(ask("job", "status", "r1")).toMatchObject({
      exit_code: 0,
      data: { status: "complete", job_type: "settlement.run", queue_status: "completed" },
    })

    tamper(root)
    const refused = ask("deliver", "r1")
    expect([refused.exit_code, refused.code]).toEqual([6, "BYTES_DIFFER"])
    expect(ask("ledger", "verify")).toMatchObject({ exit_code: 0, data: { flaws: [] } })
  })

  it("a rejection without attempts left ends with 80, and explain says why", () => {
    const root = makeProject()
    const settled = asked(root)(...settling("r1", "./agent.sh"))
    expect([settled.exit_code, settled.code]).toEqual([80, "VERIFIER_REJECTED"])
    const next =
      /waybill explain .*/u
        .exec(settled.envelope.error?.suggestion ?? "")?.[0]
        .split(" ")
        .slice(1) ?? []
    const told = asked(root)(...next)
    expect(told).toMatchObject({ exit_code: 0, data: { status: "verifier_rejected" } })
    expect(asked(root)("deliver", "r1")).toMatchObject({ exit_code: 6, code: "NOT_DELIVERABLE" })
    expect(asked(root)("job", "status", "r1")).toMatchObject({ exit_code: 4, code: "VERIFIER_REJECTED" })
  })

  it("an agent that fails ends with 81, and logs show what it printed, without its secrets", () => {
    const root = makeProject()
    writeFileSync(join(root, "bad.sh"), '#!/bin/sh\necho "no luck with $API_TOKEN" >&2\nexit 3\n')
    chmodSync(join(root, "bad.sh"), 0o755)
    const secret = { ...env, API_TOKEN: "very-secret-value" }
    const words = settling("r1", "./bad.sh", "--env", "API_TOKEN")
    const { status } = spawnSync(process.execPath, [program, ...words], { cwd: root, env: secret })
    expect(status).toBe(81)
    const { stdout } = spawnSync(process.execPath, [program, "logs", "r1"], { cwd: root, env })
    expect(stdout.toString()).toContain("no luck with [API_TOKEN]")
    expect(stdout.toString()).not.toContain("very-secret-value")
    expect(
      globSync(join(root, ".agents/daemon/*.jsonl"))
        .map((path) => readFileSync(path, "utf8"))
        .join(),
    ).not.toContain("very-secret-value")
  })

  it("a changed record is found, acknowledged by a repair, and then no longer a reason to stop", () => {
    const root = makeProject()
    const ask = asked(root)
    ask(...settling("r1", "./agent.sh"))
    const ledger = join(root, ".agents/daemon/ledger.jsonl")
    writeFileSync(ledger, readFileSync(ledger, "utf8").replace("text/v1", "text/v2"))
    const found = ask("ledger", "verify")
    expect([found.exit_code, found.code]).toEqual([82, "LEDGER_FLAWED"])
    expect(ask(...settling("r2", "./agent.sh"))).toMatchObject({ exit_code: 4, code: "LEDGER_DAMAGED" })
    expect(ask("ledger", "repair")).toMatchObject({ exit_code: 0, data: { effect: "created" } })
    expect(ask("ledger", "verify").exit_code).toBe(0)
    expect(ask("ledger", "repair")).toMatchObject({ exit_code: 0, data: { effect: "noop" } })
  })

  it("gc leaves facts and what can be delivered, and takes verified bytes only when it is told twice", () => {
    const root = makeProject()
    const ask = asked(root)
    ask(...settling("r1", "./agent.sh", "--max-attempts", "2"))
    expect(ask("gc", "--dry-run").data["removed"]).toBe(false)
    const removed = ask("gc")
    expect(removed.exit_code).toBe(0)
    expect(removed.data["bytes"]).toBeGreaterThan(0)
    expect(piped(root)("deliver", "r1").stdout.toString()).toBe("final\n")
    expect(ask("gc", "--deliverables")).toMatchObject({ exit_code: 4, code: "CONFIRMATION_REQUIRED" })
    expect(ask("gc", "--deliverables", "--yes").exit_code).toBe(0)
    expect(ask("deliver", "r1")).toMatchObject({ exit_code: 6, code: "ARTIFACT_MISSING" })
    const told = ask("explain", "r1")
    expect(told.data["status"]).toBe("verified")
    expect(told.data["in_words"]).toContain("deliver checks them once more")
  })
})

needs("python3")(describe)("on a terminal", { timeout: 60_000 }, () => {
  it("the story is told as it happens, and every error names the next command", () => {
    const root = makeProject()
    const call = onTerminal(root)
    const settled = call(settling("r1", "./agent.sh", "--max-attempts", "2"))
    expect(settled.exit_code).toBe(0)
    for (const part of [
      "attempt 1",
      "run the agent",
      "because the verifier said no",
      "verified: r1",
      "next: waybill deliver r1",
    ])
      expect(settled.text).toContain(part)
    expect(call(["deliver", "r1", "--to", "out.txt"]).exit_code).toBe(0)
    tamper(root)
    const refused = call(["deliver", "r1"])
    expect(refused.exit_code).toBe(6)
    expect(refused.text).toContain("BYTES_DIFFER")
    expect(call(["explain", "nobody"]).text).toContain("waybill list")
    expect(call(["ledger", "verify"]).exit_code).toBe(0)
  })

  it("Ctrl-C leaves the run resumable: the agent goes on, and is not started twice", () => {
    const root = makeProject()
    const call = onTerminal(root)
    const cut = call(settling("r1", "./slow.sh"), 2)
    expect(cut.exit_code).toBe(130)
    expect(cut.text).toContain("The agent of run r1 goes on by itself")
    expect(cut.text).toContain("--run-id r1")
    expect(asked(root)("job", "status", "r1")).toMatchObject({ exit_code: 3, code: "JOB_RUNNING" })
    const resumed = call(settling("r1", "./slow.sh"))
    expect(resumed.exit_code).toBe(0)
    expect(readFileSync(join(root, "starts"), "utf8")).toBe("started\n")
  })

  it("a run that is cancelled ends with its agent, whoever waits for it", () => {
    const root = makeProject()
    onTerminal(root)(settling("r1", "./slow.sh"), 2)
    expect(asked(root)("job", "cancel", "r1")).toMatchObject({ exit_code: 0, data: { status: "cancelled" } })
    const after = asked(root)(...settling("r1", "./slow.sh"))
    expect([after.exit_code, after.code]).toEqual([81, "JOB_FAILED"])
    expect(asked(root)("explain", "r1").data["status"]).toBe("failed")
    expect(asked(root)("job", "status", "r1")).toMatchObject({ exit_code: 4, code: "JOB_CANCELLED" })
    expect(asked(root)("job", "cancel", "r1")).toMatchObject({ exit_code: 0, data: { effect: "noop" } })
  })
})
