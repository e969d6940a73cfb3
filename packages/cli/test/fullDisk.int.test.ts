/** On a full disk nothing half is left behind, and what is said is that it is full. */
import { invoke } from "@waybill/command"
import type * as NodeFiles from "node:fs/promises"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, describe, expect, it, vi } from "vitest"
import { waybill } from "../src/index.ts"

const disk = vi.hoisted(() => ({ isFull: false }))

vi.mock(import("node:fs/promises"), async (original) => {
  const there = await original()
  const open: typeof NodeFiles.open = async (...args) => {
    const file = await there.open(...args)
    if (!disk.isFull || args[1] !== "wx") return file
    file.writeFile = () =>
      Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }))
    return file
  }
  return { ...there, open }
})

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-full-"))
const daemon = (root: string) => join(root, ".agents", "daemon")

beforeEach(() => {
  disk.isFull = false
})

it("no empty token file is left, and the next call makes a whole one", async () => {
  const root = makeRoot()
  disk.isFull = true
  const { envelope, exit_code } = await invoke(waybill, ["token", "make", "--root", root], { env: {} })
  expect([exit_code, envelope?.error?.code, envelope?.error?.retryable]).toEqual([12, "STORE_FULL", true])
  expect(envelope?.error?.message).toContain(join(daemon(root), "token"))
  expect(readdirSync(daemon(root))).toEqual([])
  disk.isFull = false
  expect((await invoke(waybill, ["token", "make", "--root", root], { env: {} })).exit_code).toBe(0)
  const before = readFileSync(join(daemon(root), "token"), "utf8")
  disk.isFull = true
  expect((await invoke(waybill, ["token", "rotate", "--root", root], { env: {} })).exit_code).toBe(12)
  expect(readdirSync(daemon(root))).toEqual(["token"])
  expect(readFileSync(join(daemon(root), "token"), "utf8")).toBe(before)
})

it("doctor says so, of the root that is meant, and leaves nothing behind", async () => {
  const root = makeRoot()
  const ask = () => invoke(waybill, ["doctor", "--root", root], { env: {} })
  expect((await ask()).exit_code).toBe(0)
  disk.isFull = true
  const { envelope, exit_code } = await ask()
  expect([exit_code, envelope?.error?.code]).toEqual([1, "DOCTOR_CHECKS_FAILED"])
  expect(envelope?.error?.message).toContain("root can be written")
  expect(envelope?.error?.detail).toMatch(/ENOSPC.*make room, or name another folder with --root/u)
  expect(readdirSync(root)).toEqual([])
})

it("an empty token file is named, with what to do about it", async () => {
  const root = makeRoot()
  const file = join(root, "token")
  writeFileSync(file, "\n", { mode: 0o600 })
  for (const words of [["token"], ["token", "make"], ["serve", "--addr=127.0.0.1:0"]]) {
    const { envelope, exit_code } = await invoke(waybill, [...words, `--root=${root}`, `--token-file=${file}`])
    expect([exit_code, envelope?.error?.code], words.join(" ")).toEqual([4, "BAD_TOKEN_FILE"])
    expect(envelope?.error?.message).toContain(
      `${file} is empty; delete it, and make a new one with: waybill token make`,
    )
  }
})

describe("where no file can be, however long one waits", () => {
  const makeFile = () => {
    const file = join(makeRoot(), "file")
    writeFileSync(file, "")
    return file
  }
  it.each<readonly [string, () => ReadonlyArray<string>]>([
    ["serve in a file", () => ["serve", "--addr=127.0.0.1:0", `--root=${makeFile()}`]],
    ["serve where no folder can be made", () => ["serve", "--addr=127.0.0.1:0", "--root=/proc"]],
    ["submit where no folder can be made", () => ["submit", "--type=a.b", "--root=/proc"]],
    ["token make in a file", () => ["token", "make", `--root=${makeFile()}`]],
    ["token make where no folder can be made", () => ["token", "make", "--root=/proc"]],
    ["token of a name that no file has", () => ["token", `--token-file=/${"n".repeat(300)}`]],
    [
      "token behind a link to itself",
      () => {
        const link = join(makeRoot(), "link")
        symlinkSync(link, link)
        return ["token", `--token-file=${link}`]
      },
    ],
    [
      "du of what it cannot look at",
      () => {
        const root = makeRoot()
        writeFileSync(join(root, ".agents"), "")
        return ["du", `--root=${root}`]
      },
    ],
    [
      "gc where it cannot look",
      () => {
        const root = makeRoot()
        mkdirSync(join(root, ".agents", "waybill", "data"), { recursive: true })
        writeFileSync(join(root, ".agents", "waybill", "data", "unfinished"), "")
        return ["gc", `--root=${root}`]
      },
    ],
  ])("%s", async (_, words) => {
    const { envelope, exit_code } = await invoke(waybill, words(), { env: {} })
    expect([exit_code, envelope?.error?.code, envelope?.error?.retryable]).toEqual([4, "PATH_UNUSABLE", false])
  })
})
