import { invoke } from "@waybill/command"
import { Ledger } from "@waybill/ledger"
import { Effect } from "effect"
import { cpSync, globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, vi } from "vitest"
import { waybill } from "../src/index.ts"
import { garbageIn } from "../src/keeping/garbage.ts"
import { removeSeals, type Tally } from "../src/keeping/removing.ts"
import { knownVocabularies } from "../src/Ledgers.ts"
import { openStore, runOnFiles } from "../src/Opening.ts"
import { placeOf } from "../src/Place.ts"
import { startProgram } from "./support/program.ts"

const at =
  (root: string) =>
  async (...words: ReadonlyArray<string>) => {
    const [name = "", ...rest] = words
    const { envelope, exit_code, stdout } = await invoke(waybill, [name, "--root", root, ...rest], {
      env: { PATH: process.env["PATH"] ?? "" },
    })
    const data = (envelope?.data ?? {}) as Readonly<Record<string, unknown>>
    return {
      exit_code,
      code: envelope?.error?.code,
      error: envelope?.error,
      warnings: envelope?.warnings ?? [],
      data,
      stdout,
    }
  }

const settle = (call: ReturnType<typeof at>, runId: string, verify: string) =>
  call(
    "settle",
    `--run-id=${runId}`,
    "--candidate=out",
    "--schema-id=text/v1",
    `--verify=${verify}`,
    "--",
    "/bin/sh",
    "-c",
    "echo same > out",
  )

const ledgerFile = (root: string) => join(root, ".agents/daemon/ledger.jsonl")
const seals = (root: string) => globSync(join(root, ".agents/waybill/data/sealed/sha256/*/*/*"))

/** Changes one byte of the line in which a run was asked for. */
const damage = (root: string, runId: string) => {
  const lines = readFileSync(ledgerFile(root), "utf8").split("\n")
  const nth = lines.findIndex((line) => line.includes('"workspace_job.requested"') && line.includes(`"${runId}"`))
  lines[nth] = (lines[nth] ?? "").replace("text/v1", "text/v2")
  writeFileSync(ledgerFile(root), lines.join("\n"))
}

let template: Promise<string> | undefined

/** X was rejected and V verified, over the same bytes. */
const makeTemplate = async (): Promise<string> => {
  const root = mkdtempSync(join(tmpdir(), "waybill-damage-"))
  const call = at(root)
  expect((await settle(call, "X", "false")).exit_code).toBe(80)
  expect((await settle(call, "V", "true")).exit_code).toBe(0)
  expect(seals(root)).toHaveLength(1)
  return root
}

/** A root of the test's own with both runs. */
const makeTwo = async () => {
  template ??= makeTemplate()
  const root = mkdtempSync(join(tmpdir(), "waybill-damage-"))
  cpSync(await template, root, { recursive: true })
  return { root, call: at(root) }
}

describe("what was verified is not removed", () => {
  it("of a damaged ledger nothing is, and of one whose damage was acknowledged no sealed bytes", async () => {
    const { call, root } = await makeTwo()
    damage(root, "V")
    const before = globSync(join(root, ".agents/waybill/data/**/*"))
    const refused = await call("gc")
    expect([refused.exit_code, refused.code]).toEqual([4, "LEDGER_DAMAGED"])
    expect(refused.error?.fix_required).toContain("waybill ledger verify")
    expect(refused.error?.fix_required).toContain("waybill ledger repair")
    expect((await call("gc", "--deliverables", "--yes")).code).toBe("LEDGER_DAMAGED")
    expect(globSync(join(root, ".agents/waybill/data/**/*"))).toEqual(before)
    expect((await invoke(waybill, ["ledger", "repair", "--root", root])).exit_code).toBe(0)
    expect((await call("gc")).exit_code).toBe(0)
    expect(seals(root)).toHaveLength(1)
  })

  it("nor are bytes of a history with gaps, which nobody can tell from those that were rejected", async () => {
    const { root } = await makeTwo()
    const { stdout } = await invoke(waybill, ["ledger", "export", "--root", root])
    const lines = stdout.split("\n")
    const asked = lines.findIndex((line) => line.includes('"workspace_job.requested"') && line.includes('"V"'))
    // All of the batch in which V was asked for.
    const kept = lines.filter((line, index) => index > asked || !line.includes('"V"'))
    expect(kept.length).toBeLessThan(lines.length)
    const other = mkdtempSync(join(tmpdir(), "waybill-damage-"))
    cpSync(join(root, ".agents/waybill"), join(other, ".agents/waybill"), { recursive: true })
    writeFileSync(join(other, "lines"), kept.join("\n"))
    const imported = await invoke(waybill, ["ledger", "import", join(other, "lines"), "--root", other])
    expect(imported.envelope?.error?.message).toBeUndefined()
    expect((await at(other)("gc")).exit_code).toBe(0)
    expect(seals(other)).toHaveLength(1)
  })

  it("also when it was garbage at the first look, and another run has settled the same bytes since", async () => {
    const root = mkdtempSync(join(tmpdir(), "waybill-damage-"))
    const call = at(root)
    await settle(call, "X", "false")
    const place = placeOf({ root }, {})
    const data = join(root, ".agents/waybill/data")
    const gone = await runOnFiles(
      Effect.gen(function* () {
        const store = yield* openStore(place, "write")
        const ledger = yield* Ledger.make(store, knownVocabularies)
        return yield* Effect.gen(function* () {
          const found = (yield* garbageIn(data, false)).filter(({ why }) => why === "rejected bytes")
          expect(found.map(({ path }) => path)).toEqual(seals(root))
          yield* Effect.promise(() => settle(call, "V", "true"))
          const sized = found.map((each) => ({ ...each, bytes: 5 }))
          const tally: Tally = { gone: [], left: [] }
          yield* removeSeals(sized, false, data, store, place, tally)
          return tally.gone
        }).pipe(Effect.provideService(Ledger, ledger))
      }),
      new AbortController().signal,
    )
    expect(gone).toEqual([])
    expect((await call("deliver", "V")).stdout).toBe("same\n")
  })
})

describe("a damaged ledger", () => {
  it("takes no change, and says what mends it", async () => {
    const { call, root } = await makeTwo()
    damage(root, "V")
    const before = readFileSync(ledgerFile(root), "utf8")
    const plan = join(root, "plan.json")
    writeFileSync(plan, JSON.stringify({ "a.b": { command: ["true"] } }), { mode: 0o600 })
    for (const words of [
      ["submit", "--type", "a.b"],
      ["work", "--type", "a.b", "--", "true"],
      ["serve", "--addr", "127.0.0.1:0", "--workers", "1", "--work-plan", plan],
      ["gc"],
      ["settle", "--candidate", "out", "--schema-id", "s", "--verify", "true", "--", "true"],
    ]) {
      const { code, error, exit_code } = await call(...words)
      expect([words[0], exit_code, code]).toEqual([words[0], 4, "LEDGER_DAMAGED"])
      expect(error?.fix_required).toMatch(/waybill ledger verify.*waybill ledger repair/u)
    }
    for (const [exit, ...words] of [
      [84, "job", "cancel", "X"],
      [4, "ledger", "import", ledgerFile(root)],
    ] as const) {
      const { envelope, exit_code } = await invoke(waybill, [...words, "--root", root])
      expect([words[1], exit_code, envelope?.error?.code]).toEqual([words[1], exit, "LEDGER_DAMAGED"])
    }
    expect(readFileSync(ledgerFile(root), "utf8")).toBe(before)
  })

  it("answers what can be read with a warning, and does not say that what it cannot read is not there", async () => {
    const { root } = await makeTwo()
    damage(root, "V")
    const call = async (...words: ReadonlyArray<string>) => {
      const { envelope, exit_code } = await invoke(waybill, [...words, "--root", root])
      return { exit_code, code: envelope?.error?.code, warnings: envelope?.warnings ?? [] }
    }
    for (const words of [["explain", "X"], ["logs", "X"], ["list"], ["ledger", "show"], ["ledger", "replay"]]) {
      const { exit_code, warnings } = await call(...words)
      expect([words.join(" "), exit_code]).toEqual([words.join(" "), 0])
      expect(warnings, words.join(" ")).toEqual([expect.stringMatching(/^LEDGER_DAMAGED: record \d+ .*ledger verify/u)])
    }
    const waited = await call("wait", "X")
    expect(waited).toMatchObject({ exit_code: 4, code: "VERIFIER_REJECTED" })
    expect(waited.warnings).toEqual([expect.stringContaining("LEDGER_DAMAGED")])
    // An end is never taken back, so nothing else is read to tell of it.
    expect(await call("job", "status", "X")).toMatchObject({ exit_code: 4, code: "VERIFIER_REJECTED", warnings: [] })
    for (const words of [
      ["explain", "V"],
      ["explain", "nobody"],
      ["logs", "V"],
      ["deliver", "V"],
      ["deliver", "nobody"],
    ])
      expect([words, await call(...words)]).toMatchObject([words, { exit_code: 4, code: "LEDGER_DAMAGED" }])
    // There, 4 is about the job.
    for (const words of [
      ["job", "status", "nobody"],
      ["wait", "no"],
    ])
      expect([words, await call(...words)]).toMatchObject([words, { exit_code: 84, code: "LEDGER_DAMAGED" }])
  })

  it("is served, since readiness tells of it, and whoever starts the server is told", async () => {
    const { root } = await makeTwo()
    damage(root, "V")
    const server = startProgram(["serve", "--root", root, "--addr", "127.0.0.1:0"])
    await server.until(({ url }) => url !== undefined)
    await vi.waitFor(() => expect(server.stderr()).toMatch(/"LEDGER_DAMAGED".*record \d+/u), { timeout: 30_000 })
    expect(await server.end("SIGTERM")).toBe(0)
  })

  it("is printed as far as it goes, and no reader takes that for all of it", async () => {
    const { root } = await makeTwo()
    damage(root, "V")
    const lines = readFileSync(ledgerFile(root), "utf8").trimEnd().split("\n").length
    for (const words of [["events"], ["ledger", "export"]]) {
      const cut = await invoke(waybill, [...words, "--root", root])
      expect([cut.exit_code, cut.stdout.split("\n").filter((line) => line.includes("event_id")).length]).toEqual([
        4,
        lines - 1,
      ])
      const skipped = await invoke(waybill, [...words, "--damaged", "skip", "--root", root])
      expect(skipped.exit_code).toBe(0)
    }
  })
})
