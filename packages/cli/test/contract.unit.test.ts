import { check, invoke } from "@waybill/command"
import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { Ajv2020 } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { node_major_min, refuseNode } from "../src/refuseNode.ts"

const ajv = new Ajv2020({ strict: true })
const isCommandSchema = ajv.compile(publishedJsonSchema("command-schema"))
const isManifest = ajv.compile(publishedJsonSchema("manifest"))
const isEnvelope = ajv.compile(publishedJsonSchema("response-envelope"))

const generated = ["job status", "job cancel", "manifest", "doctor", "completions"]
const names = [...waybill.commands.map(({ name }) => name), ...generated]

it("the registrations keep every rule of the contract", () => {
  expect(() => check(waybill)).not.toThrow()
})

describe("discovery", () => {
  it.each(names)("%s --schema is one of the published schema", async (name) => {
    const { exit_code, stdout } = await invoke(waybill, [...name.split(" "), "--schema"])
    expect(exit_code).toBe(0)
    const schema: unknown = JSON.parse(stdout)
    expect(isCommandSchema(schema), JSON.stringify(isCommandSchema.errors)).toBe(true)
  })

  it.each([[["--schema"]], [["manifest"]]])("%j lists every command, by the published schema", async (words) => {
    const { envelope, stdout } = await invoke(waybill, words)
    const manifest: unknown = envelope?.data ?? JSON.parse(stdout)
    expect(isManifest(manifest), JSON.stringify(isManifest.errors)).toBe(true)
    const { commands } = manifest as { readonly commands: object }
    for (const name of names) expect(Object.keys(commands)).toContain(name.replaceAll(" ", "."))
  })

  it.each(names)("%s --help says what it does and how it ends", async (name) => {
    const { stdout } = await invoke(waybill, [...name.split(" "), "--help"], {
      terminal: { columns: 100 },
      env: { NO_COLOR: "1" },
    })
    expect(stdout).toMatch(/Usage\n {2}waybill/u)
    expect(stdout).toContain("Exit codes")
  })
})

it("a Node that is too old is told so, in words, and the package says the same", () => {
  expect(refuseNode(process.versions.node)).toBeUndefined()
  expect(refuseNode(`${node_major_min}.0.0`)).toBeUndefined()
  for (const version of ["20.20.2", "22.1.0", "8.0.0", `${node_major_min - 1}.99.0`])
    expect(refuseNode(version)).toMatch(new RegExp(`needs Node ${node_major_min} .*${version}`, "u"))
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    readonly engines: { readonly node: string }
  }
  expect(engines.node).toBe(`>=${node_major_min}`)
})

describe("words", () => {
  it("every mistake is told at once, and nothing is done", async () => {
    const { envelope, exit_code } = await invoke(waybill, [
      "settle",
      "--attempt-timeout",
      "5",
      "--seed",
      "x",
      "--",
      "true",
    ])
    expect(exit_code).toBe(2)
    expect(isEnvelope(envelope)).toBe(true)
    const fields = (envelope?.error?.errors ?? []).map(({ field }) => field)
    expect(fields).toEqual(expect.arrayContaining(["candidate", "schema-id"]))
  })

  it("a settlement that nobody would judge is refused", async () => {
    const { envelope, exit_code } = await invoke(waybill, [
      "settle",
      "--candidate",
      "a",
      "--schema-id",
      "s",
      "--",
      "true",
    ])
    expect([exit_code, envelope?.error?.errors?.[0]?.code]).toEqual([2, "VERIFIER_REQUIRED"])
  })

  it.each([
    ["settle", "--candidate", "a", "--schema-id", "s", "--verify", "true", "--verify-timeout", "1", "--", "true"],
    ["settle", "--candidate", "a", "--schema-id", "s", "--verify", "true", "--seed", "nothing", "--", "true"],
    ["settle", "--candidate", "a", "--schema-id", "s", "--verify", "true", "--env", "A B", "--", "true"],
    ["settle", "--candidate", "a", "--schema-id", "s", "--verify", "true", "--max-attempts", "0", "--", "true"],
    ["submit", "--type", "a b"],
    ["submit", "--type", "a.b", "--payload", "[]"],
    ["events", "--after", "-1"],
    ["wait", "x", "--for", "soon"],
    ["logs", "x", "--bytes", "0"],
    ["ledger", "verify", "--expect", "waybill-chain:1:abc"],
    ["ledger", "replay", "--at", "0"],
  ])("%s %s %s … is refused before anything is done", async (...words) => {
    const { envelope, exit_code } = await invoke(waybill, words)
    expect([exit_code, envelope?.error?.phase]).toEqual([2, "validation"])
  })
})
