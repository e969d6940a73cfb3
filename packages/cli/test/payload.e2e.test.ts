/** A payload from a stdin that nobody ends is not waited for beyond the limit, nor past a signal. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough, Readable } from "node:stream"
import { line_bytes_max } from "@waybill/ledger"
import { invoke } from "@waybill/command"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { readPayload } from "../src/jobs/readPayload.ts"
import { main } from "./support/program.ts"

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-payload-"))

const submitting = (root: string, ...words: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [main, "submit", `--root=${root}`, "--type=a.b", "--payload=-", ...words], {
    env: { PATH: process.env["PATH"] },
    stdio: ["pipe", "pipe", "ignore"],
  })
  child.stdin.write('{"open":')
  return child
}

it("the limit ends it", async () => {
  const root = makeRoot()
  const child = submitting(root, "--timeout=300ms")
  expect(await once(child, "exit")).toEqual([10, null])
  expect(existsSync(join(root, ".agents"))).toBe(false)
})

it("a signal ends it", async () => {
  const stop = new AbortController()
  const stdin = new PassThrough()
  stdin.write('{"open":')
  const reason = new Error("SIGTERM")
  const read = readPayload("-", { signal: stop.signal, stdin: () => stdin })
  stop.abort(reason)
  await expect(read).rejects.toBe(reason)
  expect(stdin.destroyed).toBe(true)
})

it("a payload that no record could hold is left unread, and one that is whole is taken", async () => {
  let read_bytes = 0
  const endless = Readable.from(
    (function* () {
      for (;;) {
        read_bytes += 1_048_576
        yield Buffer.alloc(1_048_576, " ")
      }
    })(),
  )
  const { signal } = new AbortController()
  await expect(readPayload("-", { signal, stdin: () => endless })).rejects.toMatchObject({
    options: { exit: "ARG_ERROR", code: "PAYLOAD_UNUSABLE", message: expect.stringContaining(String(line_bytes_max)) },
  })
  expect(read_bytes).toBeLessThan(2 * line_bytes_max)
  const whole = Readable.from([Buffer.from('{"é":'), Buffer.from("1}")])
  expect(await readPayload("-", { signal, stdin: () => whole })).toEqual({ é: 1 })
})

describe("words that can never be right end with 2, and nothing is begun", () => {
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
  it.each<readonly [string, ReadonlyArray<string>, RegExp]>([
    ["a key that is too long", [`--key=${"k".repeat(3000)}`], /--key has 3000 bytes, at most 256 .*digest/u],
    ["half a character", [String.raw`--payload={"a":"\ud800"}`], /--payload: a contains a lone surrogate/u],
    ["a payload nested too deep", [`--payload=${deep}`], /--payload: .{1,200} is nested deeper than \d+ levels/u],
    ["another database", ["--ledger=mysql://u:hidden@h/d"], /write it as postgresql:\/\/host:port\/database/u],
    ["no address", ["--ledger=postgres://u:hidden@h:notaport/d"], /write it as postgresql:\/\/host:port\/database/u],
  ])("%s", async (_, words, message) => {
    const root = makeRoot()
    const { envelope, exit_code, stdout } = await invoke(waybill, ["submit", "--type=a.b", `--root=${root}`, ...words])
    expect([exit_code, envelope?.error?.retryable]).toEqual([2, false])
    expect(envelope?.error?.message).toMatch(message)
    expect(stdout).not.toContain("hidden")
    expect(existsSync(join(root, ".agents"))).toBe(false)
  })

  it("a file that is not there", async () => {
    const root = makeRoot()
    const nope = join(root, "nope")
    for (const words of [
      ["submit", "--type=a.b", `--payload=@${nope}`],
      ["ledger", "import", nope],
    ]) {
      const { envelope, exit_code } = await invoke(waybill, [...words, `--root=${root}`])
      expect([exit_code, envelope?.error?.message]).toEqual([2, expect.stringContaining(`there is no file ${nope}.`)])
    }
  })

  it("a port that no request is sent to", async () => {
    const { envelope, exit_code } = await invoke(waybill, ["list", "--server=http://127.0.0.1:1"], { env: {} })
    expect([exit_code, envelope?.error?.retryable]).toEqual([2, false])
    expect(envelope?.error?.message).toContain("port")
  })

  it("nowhere to deliver to", async () => {
    const { envelope, exit_code } = await invoke(waybill, ["deliver", "r", "--to=", `--root=${makeRoot()}`])
    expect([exit_code, envelope?.error?.message]).toEqual([2, expect.stringContaining("name a file, or - for stdout")])
  })
})
