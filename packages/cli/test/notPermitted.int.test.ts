/** What the file system forbids ends with 4, and no program waits for it to become better. */
import { invoke } from "@waybill/command"
import { FileError } from "@waybill/host"
import { StoreUnavailable } from "@waybill/ledger"
import { StorageFailed } from "@waybill/data-plane"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { waybill } from "../src/index.ts"
import { notPermitted, unlessForbidden } from "../src/notPermitted.ts"
import { runHere } from "../src/Opening.ts"
import { typed } from "./support/typed.ts"

const makeFolder = () => mkdtempSync(join(tmpdir(), "waybill-permitted-"))
const refused = (code: string) => new FileError({ operation: "open", path: "/p/ledger.jsonl", code })
const never = new AbortController().signal

describe("a refusal", () => {
  it.each(["EACCES", "EPERM", "EROFS"])("%s is a precondition, wherever it was met", async (code) => {
    const met: ReadonlyArray<Effect.Effect<never, StoreUnavailable | StorageFailed>> = [
      Effect.fail(new StoreUnavailable({ where: "/p", cause: refused(code) })),
      Effect.fail(new StorageFailed({ hop: "deliver", cause: refused(code) })),
      Effect.die(Object.assign(new Error("rm"), { code, path: "/p/ledger.jsonl", syscall: "rm" })),
    ]
    for (const each of met)
      await expect(runHere(each, never)).rejects.toMatchObject({
        options: {
          exit: "PRECONDITION",
          code: "NOT_PERMITTED",
          fix_required: expect.stringMatching(/write in \/p,|ledger.jsonl lies on/u),
        },
      })
  })

  it.each(["ENOSPC", "EIO", "EBUSY"])("%s is none", async (code) => {
    const error = new StoreUnavailable({ where: "/p", cause: refused(code) })
    await expect(runHere(Effect.fail(error), never)).rejects.toBe(error)
  })

  it("is none of a connection's, and what is told already stays", async () => {
    const connect = Object.assign(new Error("no"), { code: "EACCES", path: "/run/pg", syscall: "connect" })
    expect(notPermitted(connect)).toBeUndefined()
    await expect(unlessForbidden(() => Promise.reject(connect))).rejects.toBe(connect)
  })
})

it("a folder in which nothing can be made is not asked again", async () => {
  const root = makeFolder()
  const words = [
    "--candidate=out",
    "--schema-id=t",
    "--verify=true",
    "--run-id=r",
    "--",
    "/bin/sh",
    "-c",
    "echo x >out",
  ]
  const env = { PATH: process.env["PATH"] ?? "" }
  expect((await invoke(waybill, ["settle", `--root=${root}`, ...words], { env })).exit_code).toBe(0)
  const { envelope, exit_code } = await invoke(waybill, ["deliver", "r", "--root", root, "--to", "/proc/waybill-x"])
  expect([exit_code, envelope?.error?.code, envelope?.error?.retryable]).toEqual([4, "NOT_PERMITTED", false])
})

describe("in a folder that was removed", () => {
  const gone = (): void => {
    vi.spyOn(process, "cwd").mockImplementation(() => {
      throw Object.assign(new Error("ENOENT: uv_cwd"), { code: "ENOENT", syscall: "uv_cwd" })
    })
  }
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it("a call that names everything from / on works, and another says what is missing", async () => {
    const root = makeFolder()
    gone()
    for (const words of [["list"], ["submit", "--type=a.b", "--job-id=j"], ["gc"], ["events"]])
      expect([words, (await invoke(waybill, [...words, "--root", root], { env: {} })).exit_code]).toEqual([words, 0])
    for (const words of [["list"], ["gc", "--root", "x"]]) {
      const { envelope, exit_code } = await invoke(waybill, words, { env: {} })
      expect([words, exit_code, envelope?.error?.code]).toEqual([words, 2, "FOLDER_GONE"])
    }
  })
})

it("what doctor says to type can be typed", async () => {
  const root = makeFolder()
  vi.spyOn(process, "cwd").mockReturnValue(root)
  const env = { PATH: process.env["PATH"] ?? "" }
  for (const id of ["a", "b"])
    expect((await invoke(waybill, ["submit", "--type=a.b", `--job-id=${id}`], { env })).exit_code).toBe(0)
  const file = join(root, ".agents", "daemon", "ledger.jsonl")
  writeFileSync(file, `{"no record\n${readFileSync(file, "utf8")}`)
  const { envelope } = await invoke(waybill, ["doctor"], { env })
  vi.restoreAllMocks()
  const data = (envelope?.data ?? {}) as { readonly checks?: ReadonlyArray<Readonly<Record<string, unknown>>> }
  const told = (data.checks ?? []).flatMap(({ fix_command }) => (typeof fix_command === "string" ? [fix_command] : []))
  expect(told).toHaveLength(1)
  for (const line of told) expect((await invoke(waybill, typed(line), { env })).exit_code).toBe(82)
})
