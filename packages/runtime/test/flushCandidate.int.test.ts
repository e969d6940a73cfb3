import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { flushCandidate } from "../src/agent/flushCandidate.ts"

let root = ""
let work = ""
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), "waybill-flush-"))
  work = join(root, "work")
  mkdirSync(join(work, "a", "b"), { recursive: true })
  mkdirSync(join(root, "elsewhere", "b"), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = ["a", "b", "out.txt"]
const put = (...path: ReadonlyArray<string>) => writeFileSync(join(...path, "out.txt"), "work")
const makeFifo = (path: string) => spawnSync("mkfifo", [path])

it("a file that the agent left is flushed", () => {
  put(work, "a", "b")
  expect(flushCandidate(work, at)).toBe(true)
})

it.each([
  ["there is none", () => {}],
  ["it is a folder", () => mkdirSync(join(work, ...at))],
  ["it is a link", () => symlinkSync("/etc/passwd", join(work, ...at))],
  ["it is a FIFO", () => makeFifo(join(work, ...at))],
  [
    "a folder on the way is a FIFO",
    () => {
      rmSync(join(work, "a", "b"), { recursive: true })
      makeFifo(join(work, "a", "b"))
    },
  ],
  [
    "a folder on the way is a link, with a file behind it",
    () => {
      rmSync(join(work, "a"), { recursive: true })
      put(root, "elsewhere", "b")
      symlinkSync(join(root, "elsewhere"), join(work, "a"))
    },
  ],
  [
    "a folder on the way is a link, with a FIFO behind it",
    () => {
      rmSync(join(work, "a"), { recursive: true })
      makeFifo(join(root, "elsewhere", "b", "out.txt"))
      symlinkSync(join(root, "elsewhere"), join(work, "a"))
    },
  ],
  [
    "the workspace is a link",
    () => {
      rmSync(work, { recursive: true })
      mkdirSync(join(root, "elsewhere", "a"), { recursive: true })
      mkdirSync(join(root, "elsewhere", "a", "b"))
      put(root, "elsewhere", "a", "b")
      symlinkSync(join(root, "elsewhere"), work)
    },
  ],
] as const)("nothing is opened and nothing is waited for where %s", (_, prepare) => {
  prepare()
  expect(flushCandidate(work, at)).toBe(false)
})
