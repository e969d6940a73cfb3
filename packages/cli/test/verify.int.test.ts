import { invoke } from "@waybill/command"
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { waybill } from "../src/index.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-verify-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const makeRoot = () => mkdtempSync(join(base, "r-"))
const at =
  (root: string) =>
  async (...words: ReadonlyArray<string>) => {
    const { envelope, exit_code } = await invoke(waybill, [...words, "--root", root])
    const data = (envelope?.data ?? {}) as Readonly<Record<string, unknown>>
    return { exit_code, code: envelope?.error?.code, error: envelope?.error, data, warnings: envelope?.warnings }
  }

const seal_row_bytes = 96
const headOf = (position: number, digit: string) => `waybill-chain:${position}:${digit.repeat(64)}`

/** A ledger of two records, and its head. */
const settled = async () => {
  const root = makeRoot()
  const call = at(root)
  await call("submit", "--type", "report.build", "--job-id", "one")
  await call("job", "cancel", "one")
  const head = String((await call("ledger", "head")).data["head"])
  return { root, call, head, folder: join(root, ".agents/daemon") }
}

it("a ledger is sound where every record has its seal, and it is said how many have", async () => {
  const { call } = await settled()
  expect(await call("ledger", "verify")).toMatchObject({
    exit_code: 0,
    data: { sealed: 2, unsealed: 0, unproven: 0, flaws: [] },
  })
})

it("a record without a seal is not called sound; a head that was kept proves it, or that it is another one", async () => {
  const { call, folder, head } = await settled()
  const [seal = ""] = readdirSync(join(folder, "seals")).filter((name) => name.endsWith(".seal"))
  const path = join(folder, "seals", seal)
  truncateSync(path, readFileSync(path).byteLength - seal_row_bytes)
  const found = await call("ledger", "verify")
  expect(found).toMatchObject({ exit_code: 82, code: "LEDGER_UNSEALED", data: { sealed: 1, unsealed: 1, unproven: 1 } })
  expect(found.error?.message).toContain("1 without one")
  expect(await call("ledger", "verify", "--expect", head)).toMatchObject({
    exit_code: 0,
    data: { sealed: 1, unsealed: 1, unproven: 0 },
  })
  const lines = join(folder, "ledger.jsonl")
  writeFileSync(lines, readFileSync(lines, "utf8").replace(/"actor":"(.)/gu, '"actor":"$1x'))
  expect((await call("ledger", "verify", "--expect", head)).exit_code).toBe(82)
})

it("a head that is not met is no damage: nobody is told to repair, but what to compare", async () => {
  const { call, root } = await settled()
  for (const head of [headOf(1, "a"), headOf(9, "a"), headOf(0, "1")]) {
    const { code, error, exit_code } = await call("ledger", "verify", "--expect", head)
    expect([exit_code, code]).toEqual([82, "HEAD_DIFFERS"])
    expect(error?.fix_required).not.toContain("ledger repair")
    expect(error?.fix_required).toContain(`printed of this very ledger, ${root}`)
  }
  expect((await call("ledger", "verify", "--expect", headOf(0, "0"))).exit_code).toBe(0)
})

it("a root without a ledger is not called sound in silence", async () => {
  const { exit_code, warnings } = await at(makeRoot())("ledger", "verify")
  expect([exit_code, warnings]).toEqual([0, [expect.stringContaining("LEDGER_EMPTY")]])
})
