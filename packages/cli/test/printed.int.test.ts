import { invoke } from "@waybill/command"
import { globSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import type { Logged } from "../src/settling/logs.ts"

const secret = "s3cr3t-t0ken"
const env = { PATH: process.env["PATH"] ?? "", CREDENTIAL_OF_MINE: secret }
const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-printed-"))

const agent = ["/bin/sh", "-c", 'echo "agent has $CREDENTIAL_OF_MINE"; echo "$CREDENTIAL_OF_MINE" >&2; echo done > out']

const settle = (root: string, verify: string, ...more: ReadonlyArray<string>) => {
  const judged = ["--run-id=r", "--candidate=out", "--schema-id=text/v1", `--verify=${verify}`]
  return invoke(waybill, ["settle", `--root=${root}`, ...judged, ...more, "--", ...agent], { env })
}
/** Whoever reads later has none of the variables. */
const logs = async (root: string, ...more: ReadonlyArray<string>) => {
  const { stdout } = await invoke(waybill, ["logs", "r", `--root=${root}`, ...more], { env: {} })
  const { data } = JSON.parse(stdout) as { readonly data: Logged }
  return data.attempts
}

/** The files below a root that hold a text. */
const holding = (root: string, text: string) =>
  globSync(join(root, "**/*"), { withFileTypes: true })
    .concat(globSync(join(root, ".agents/**/*"), { withFileTypes: true }))
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => readFileSync(path).includes(text))

describe("what a verifier printed", () => {
  it("is kept, for its owner alone, also where it gave no verdict, and the answer names logs", async () => {
    const root = makeRoot()
    const { envelope, exit_code } = await settle(root, "echo broken >&2; echo half an answer; sh -c 'exit 7'")
    expect(exit_code).toBe(81)
    expect(envelope?.error?.detail).toContain("broken")
    expect(envelope?.error?.suggestion).toContain("waybill logs r")
    const [attempt] = await logs(root)
    expect(attempt?.verifier.printed).toMatchObject([
      { exit: "code 7", stdout: { text: "half an answer\n", omitted_bytes: 0 }, stderr: { text: "broken\n" } },
    ])
    const [file = ""] = globSync(join(root, ".agents/waybill/verifier-runs/*/*.json"))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const space = await invoke(waybill, ["du", `--root=${root}`], { env: {} })
    expect(space.envelope?.data).toMatchObject({
      parts: expect.arrayContaining([expect.objectContaining({ part: "verifier-runs", files: 2 })]),
    })
    const { stdout } = await invoke(waybill, ["logs", "r", `--root=${root}`], { env: {}, terminal: { columns: 80 } })
    expect(stdout).toMatch(/: code 7\n {2}stdout\n {2}\| half an answer\n {2}stderr\n {2}\| broken/u)
  })

  it("is kept of one whose time was up, as far as it came", async () => {
    const root = makeRoot()
    const { envelope, exit_code } = await settle(
      root,
      "echo begun; echo so far >&2; tail -n0 -f",
      "--verify-timeout=5s",
    )
    expect([exit_code, envelope?.error?.detail]).toEqual([81, expect.stringContaining("no answer in 5000 ms")])
    const [attempt] = await logs(root)
    expect(attempt?.verifier.printed).toMatchObject([
      { exit: "cut off, SIGTERM", stdout: { text: "begun\n" }, stderr: { text: "so far\n" } },
    ])
  })

  it("is kept for each of two lines that begin alike", async () => {
    const root = makeRoot()
    const line = `: ${"-".repeat(60)}; echo`
    expect((await settle(root, `${line} one >&2; true`, `--verify=${line} two >&2; true`)).exit_code).toBe(0)
    const [attempt] = await logs(root)
    expect(attempt?.verifier.printed.map(({ stderr }) => stderr.text)).toEqual(["one\n", "two\n"])
    expect(new Set(attempt?.verifier.checks.map(({ name }) => name)).size).toBe(2)
  })

  it("is shown from its end, as far as was asked for", async () => {
    const root = makeRoot()
    expect((await settle(root, "echo 0123456789 >&2; true")).exit_code).toBe(0)
    const [attempt] = await logs(root, "--bytes", "4")
    expect(attempt?.verifier.printed).toMatchObject([{ exit: "code 0", stderr: { text: "789\n", omitted_bytes: 7 } }])
  })

  it("shows no end of a reader's secret that the cut goes through", async () => {
    const root = makeRoot()
    expect((await settle(root, "echo reader-s3cr3t >&2; true")).exit_code).toBe(0)
    const { stdout } = await invoke(waybill, ["logs", "r", `--root=${root}`, "--bytes=7"], {
      env: { MY_TOKEN: "reader-s3cr3t" },
    })
    expect(stdout).toContain("acted]")
    expect(stdout).not.toContain("s3cr3t")
  })

  it("costs no verdict where it cannot be kept", async () => {
    const root = makeRoot()
    const folder = join(root, ".agents/waybill")
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "verifier-runs"), "")
    const { envelope, exit_code } = await settle(root, "true")
    expect([exit_code, envelope?.warnings]).toEqual([0, [expect.stringContaining("OUTPUT_NOT_KEPT")]])
  })
})

describe("a value that was given with --env", () => {
  it("is hidden from whoever reads later, wherever it was printed, and is kept nowhere", async () => {
    const root = makeRoot()
    const verify = `echo "$CREDENTIAL_OF_MINE" >&2; printf '{"checks":[{"name":"a","status":"passed","message":"%s"}],"summary":"%s"}' "$CREDENTIAL_OF_MINE" "$CREDENTIAL_OF_MINE"; true`
    expect((await settle(root, verify, "--env=CREDENTIAL_OF_MINE")).exit_code).toBe(0)
    const [attempt] = await logs(root)
    expect(attempt?.agent.stdout?.text).toBe("agent has [CREDENTIAL_OF_MINE]\n")
    expect(attempt?.agent.stderr?.text).toBe("[CREDENTIAL_OF_MINE]\n")
    expect(attempt?.verifier.printed[0]?.stderr.text).toBe("[CREDENTIAL_OF_MINE]\n")
    expect(attempt?.verifier.checks).toMatchObject([{ message: "[CREDENTIAL_OF_MINE]" }])
    // What a reader's own variables say is secret is hidden from that reader.
    const { stdout } = await invoke(waybill, ["logs", "r", `--root=${root}`], { env: { OTHER_TOKEN: "agent has" } })
    expect(stdout).toContain("[redacted] [CREDENTIAL_OF_MINE]")
    const explained = await invoke(waybill, ["explain", "r", `--root=${root}`], { env: {} })
    expect(explained.stdout).toContain("[CREDENTIAL_OF_MINE]")
    expect(explained.stdout).not.toContain(secret)
    expect(holding(root, secret)).toEqual([])
  })
  const value = String.raw`s3cr3t-"q"\-t0ken`
  const judge = (script: string): string => `'${process.execPath}' -e '${script}' --`
  const said = (text: string) => `const v = process.env.CREDENTIAL_OF_MINE; ${text}`
  it.each([
    [
      "in a reference and a fingerprint",
      said(
        'console.log(JSON.stringify({ checks: [{ name: "a", status: "passed", proofRef: "at " + v, fingerprint: v }] }))',
      ),
    ],
    [
      "in a long name of a check that failed",
      said(
        'console.log(JSON.stringify({ checks: [{ name: "x".repeat(990) + v, status: "failed" }] })); process.exitCode = 1',
      ),
    ],
    ["where the limit of what is kept cuts", said('process.stderr.write("x".repeat(65526) + v); process.exitCode = 3')],
    [
      "as JSON writes it",
      said("console.error(JSON.stringify({ v }), JSON.stringify(JSON.stringify(v)), encodeURIComponent(v))"),
    ],
  ])("is kept nowhere, nor its beginning, by a verifier that says it %s", async (_, script) => {
    const root = makeRoot()
    const judged = ["--run-id=r", "--candidate=out", "--schema-id=text/v1", `--verify=${judge(script)}`]
    const words = [
      "settle",
      `--root=${root}`,
      ...judged,
      "--env=CREDENTIAL_OF_MINE",
      "--",
      "/bin/sh",
      "-c",
      "echo x > out",
    ]
    const { stderr, stdout } = await invoke(waybill, words, { env: { ...env, CREDENTIAL_OF_MINE: value } })
    expect(globSync(join(root, ".agents/waybill/verifier-runs/*/*.json"))).toHaveLength(1)
    expect(stdout + stderr).not.toContain("s3cr3t")
    expect(holding(root, "s3cr3t")).toEqual([])
  })

  it("is not kept in the name of a verifier whose line says it, nor from an artifact that a schema judges", async () => {
    const root = makeRoot()
    const schema = join(root, "schema.json")
    writeFileSync(schema, JSON.stringify({ additionalProperties: { type: "string" } }))
    const judged = [
      "--candidate=out",
      "--schema-id=text/v1",
      `--json-schema=${schema}`,
      `--verify=grep -q ${"x".repeat(45)} ${secret}`,
    ]
    const words = ["settle", `--root=${root}`, ...judged, "--env=CREDENTIAL_OF_MINE", "--"]
    const agent = ["/bin/sh", "-c", 'printf \'{"%s":7}\' "$CREDENTIAL_OF_MINE" > out']
    const { stdout } = await invoke(waybill, [...words, ...agent], { env })
    expect(stdout).not.toContain("s3cr3t")
    // The result itself is never changed.
    expect(holding(root, "s3cr3t").filter((path) => !path.includes("/waybill/data/"))).toEqual([])
  })
})
