/** A payload from a stdin that nobody ends is not waited for beyond the limit, nor past a signal. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough, Readable } from "node:stream"
import { line_bytes_max } from "@waybill/ledger"
import { expect, it } from "vitest"
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
