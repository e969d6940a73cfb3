import { invoke, visible } from "@waybill/command"
import { existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { explainedText, loggedText } from "../src/settling/texts.ts"

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-words-"))
const env = { PATH: process.env["PATH"] ?? "" }
const settling = (root: string, ...words: ReadonlyArray<string>) => [
  "settle",
  `--root=${root}`,
  ...(words.some((word) => word.startsWith("--candidate")) ? [] : ["--candidate=out"]),
  ...(words.some((word) => word.startsWith("--schema-id")) ? [] : ["--schema-id=text/v1"]),
  ...words,
  "--verify=true",
  "--",
  "/bin/sh",
  "-c",
  "echo done > out",
]

describe("words that would be refused later are refused before anything is done", () => {
  it.each([
    ["candidate", "/etc/passwd"],
    ["candidate", "../out"],
    ["candidate", ""],
    ["schema-id", ""],
    ["run-id", ""],
    ["run-id", "a\u001b[2Jb"],
    ["run-id", "x".repeat(300)],
    ["key", "k:repair:2"],
    ["seed", "package.json=../x"],
    ["env", "WAYBILL_X=1"],
  ])("--%s=%j", async (flag, value) => {
    const root = makeRoot()
    for (const more of [[], ["--validate-only"]]) {
      const { envelope, exit_code } = await invoke(waybill, settling(root, ...more, `--${flag}=${value}`), { env })
      expect([more, exit_code]).toEqual([more, 2])
      expect(JSON.stringify(envelope?.error)).toContain(flag)
    }
    expect(existsSync(join(root, ".agents"))).toBe(false)
  })

  it("--env of a variable that is not set", async () => {
    const root = makeRoot()
    const { envelope, exit_code } = await invoke(waybill, settling(root, "--env=NOSUCHVAR"), { env })
    expect([exit_code, envelope?.error?.errors?.[0]?.code]).toEqual([2, "VARIABLE_UNSET"])
    expect(globSync(join(root, ".agents/daemon/*.jsonl")).map((path) => readFileSync(path, "utf8"))).toEqual([])
  })
})

describe("what programs say is shown, and no terminal obeys it", () => {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u
  const hostile = "\u001b[2J\r\nverified: x\u009b2J\u0007"

  it("in the checks of a verifier", () => {
    const text = explainedText({
      run_id: "r",
      status: "verifier_rejected",
      in_words: `The verifier said no (${hostile})`,
      attempts: [
        {
          attempt: 1,
          status: "verifier_rejected",
          summary: hostile,
          checks: [{ name: hostile, status: "failed", message: hostile }],
        },
      ],
      explanation: {},
      anomalies: [],
      next_command: "waybill logs r",
    })
    expect(text).not.toMatch(control)
    expect(text).not.toMatch(/^verified: x/mu)
    expect(text).toContain("\\x1b[2J\\r\\nverified: x")
  })

  it("in the output of an agent, line by line", () => {
    const text = loggedText({
      run_id: "r",
      attempts: [
        {
          attempt: 1,
          failure: null,
          agent: {
            state: "ended well",
            exit: "code 0",
            note: null,
            stdout: { text: hostile, omitted_bytes: 0 },
            stderr: null,
          },
          verifier: {
            summary: null,
            checks: [{ name: hostile, status: "passed" }],
            printed: [
              {
                name: hostile,
                exit: "code 1",
                stdout: { text: "", omitted_bytes: 0 },
                stderr: { text: hostile, omitted_bytes: 0 },
              },
            ],
          },
        },
      ],
    })
    expect(text).not.toMatch(control)
    expect(text).toContain("  | \\x1b[2J\n  | verified: x\\x9b2J\\x07")
  })

  it("and what needs no escape stays as it is", () => {
    expect(visible("Grüße\t日本 👍🏽 \\n")).toBe("Grüße\t日本 👍🏽 \\n")
  })
})

it.each([
  ["list"],
  ["job", "status", "r"],
  ["explain", "r"],
  ["logs", "r"],
  ["deliver", "r"],
  ["wait", "r"],
  ["events"],
  ["du"],
  ["gc"],
  ...["show", "verify", "replay", "repair", "head", "export"].map((name) => ["ledger", name]),
])("%s of a folder that is not there is a mistake, and no ledger without jobs", async (...words) => {
  const root = join(makeRoot(), "nosuch")
  const { envelope, exit_code, stderr } = await invoke(waybill, [...words, `--root=${root}`], { env })
  expect(exit_code).toBe(2)
  expect(JSON.stringify(envelope ?? stderr)).toContain("ROOT_NOT_FOUND")
  expect(existsSync(root)).toBe(false)
})

describe("under one key there is one job", () => {
  it("and another text in the schema's file is other work, wherever the file lies", async () => {
    const root = makeRoot()
    const settle = (file: string, schema: object) => {
      writeFileSync(join(root, file), JSON.stringify(schema))
      const judged = ["--candidate=out", "--schema-id=json/v1", `--json-schema=${join(root, file)}`, "--key=k"]
      const agent = ["--", "/bin/sh", "-c", "echo 1 > out"]
      return invoke(waybill, ["settle", `--root=${root}`, ...judged, ...agent], { env })
    }
    expect((await settle("a.json", { type: "number" })).exit_code).toBe(0)
    expect((await settle("b.json", { type: "number" })).exit_code).toBe(0)
    const { envelope, exit_code } = await settle("a.json", { type: "string" })
    expect([exit_code, envelope?.error?.code]).toEqual([6, "IDEMPOTENCY_CONFLICT"])
    expect(envelope?.error?.message).toContain("its schema's file")
    expect(envelope?.error?.suggestion).toContain("waybill explain run-")
  })
})
