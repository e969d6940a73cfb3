import { execFileSync } from "node:child_process"
import { closeSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { NotRegularFile, openRegularFile, readRegularFile } from "../src/index.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-regular-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string) => join(folder, name)

it("a file is read whole, behind links too", () => {
  writeFileSync(at("file"), "all of it")
  symlinkSync("file", at("link"))
  expect(readRegularFile(at("file")).toString()).toBe("all of it")
  const descriptor = openRegularFile(at("link"))
  expect(readFileSync(descriptor, "utf8")).toBe("all of it")
  closeSync(descriptor)
})

it("what is no file is refused by its path, and never waited for", () => {
  execFileSync("mkfifo", [at("pipe")])
  symlinkSync("pipe", at("link-to-pipe"))
  for (const name of ["pipe", "link-to-pipe", "."])
    expect(() => readRegularFile(at(name))).toThrow(new NotRegularFile(at(name)))
  expect(() => readRegularFile(at("nowhere"))).toThrow("ENOENT")
})
