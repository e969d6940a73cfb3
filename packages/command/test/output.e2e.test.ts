/**
 * An output that cannot take an answer is a failure of the call; a reader that leaves, or a person who stops it, is none.
 *
 * @module
 */
import { execFileSync, spawn } from "node:child_process"
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { shell } from "./support/shell.ts"
import { call, programOf } from "./support/call.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "waybill-output-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const block_bytes = 1_024

describe.concurrent("a file that may not grow further", () => {
  needs("bash")(it).for([
    ["an answer", "list --limit 0 --count 20000", 1],
    ["a stream from the handler's process", "blob", 1],
    ["a stream of lines", "count 100000000", 1],
    ["the manifest", "manifest", 1],
    ["a schema", "echo --schema", 1],
    ["help", "echo --help", 1],
    ["a script from the program's own process", "completions bash", 1],
    ["a failure, which keeps its own code", "echo quota", 80],
  ] as const)("%s: one line on stderr, and the exit code tells", async ([what, words, code]) => {
    const file = `${what.replaceAll(/\W/g, "-")}.out`
    // Two blocks for what is long; none for what is short.
    const blocks = words.startsWith("echo") ? 0 : 2
    const { status, stderr } = await shell(`ulimit -f ${blocks}; tool ${words} --output json > ${file}`, folder)
    const out_bytes = readFileSync(join(folder, file)).length
    expect({ status, out_bytes, lines: stderr.trimEnd().split("\n").length }).toEqual({
      status: code,
      out_bytes: blocks * block_bytes,
      lines: words === "echo --help" ? expect.any(Number) : 1,
    })
    expect(stderr).toMatch(
      new RegExp(
        `error: stdout could not be written \\(EFBIG.*first ${out_bytes} bytes.*ulimit -f.*\\[OUTPUT_FAILED\\]`,
      ),
    )
  })

  needs("bash")(it)("the version, for which nothing else is loaded", async () => {
    const { status, stderr } = await shell("ulimit -f 0; tool --version > version.out", folder)
    expect([status, stderr]).toEqual([1, expect.stringContaining("[OUTPUT_FAILED]")])
  })

  needs("bash")(it)("with --quiet the exit code alone tells", async () => {
    const { status, stderr } = await shell("ulimit -f 0; tool list --quiet > quiet.out", folder)
    expect([status, stderr]).toEqual([1, ""])
  })
})

const look_ms = 50
const sigterm_bit = 1n << 14n

/**
 * Settles once the program hears SIGTERM and has stopped using the processor: it waits for its reader. Seen too early, the
 * end is the same.
 */
const isWaiting = async (pid: number) => {
  let before = ""
  let same = 0
  while (same < 10) {
    await new Promise((resolve) => setTimeout(resolve, look_ms))
    const caught = BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"}`)
    const used = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ").slice(13, 15).join(" ")
    const isOurs = readlinkSync(`/proc/${pid}/exe`) === realpathSync(process.execPath)
    same = isOurs && (caught & sigterm_bit) !== 0n && used === before ? same + 1 : 0
    before = used
  }
}

const late_ms = 20_000
const after = <Value>(value: Value) =>
  new Promise<Value>((resolve) => {
    setTimeout(() => resolve(value), late_ms).unref()
  })

/** A pipe that stays open and is never read. */
const stalledPipe = (name: string, isFull: boolean): number => {
  const file = join(folder, name)
  execFileSync("mkfifo", [file])
  const fd = openSync(file, constants.O_RDWR)
  if (!isFull) return fd
  const filling = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)
  try {
    for (;;) writeSync(filling, Buffer.alloc(block_bytes))
  } catch {
    // Full.
  }
  closeSync(filling)
  return fd
}

describe.concurrent("a reader that keeps its pipe open and reads nothing", () => {
  needs("/proc", () => existsSync("/proc/self/stat"))(it).for([
    ["a stream", ["count", "100000000"], false],
    ["a long answer", ["list", "--limit", "0", "--count", "20000"], false],
    ["a short answer behind the output of others", ["list"], true],
    ["the manifest behind the output of others", ["manifest"], true],
  ] as const)("%s ends on the first signal", async ([, words, fill]) => {
    const fd = stalledPipe(`${words.join("-")}.fifo`, fill)
    const child = spawn(process.execPath, [await programOf("tool.ts"), ...words], { stdio: ["ignore", fd, "ignore"] })
    const ended = new Promise<number | null>((resolve) => {
      child.on("exit", resolve)
    })
    await isWaiting(child.pid ?? 0)
    child.kill("SIGTERM")
    try {
      expect(await Promise.race([ended, after("still there")])).toBe(143)
    } finally {
      child.kill("SIGKILL")
      closeSync(fd)
    }
  })
})

describe.concurrent("an end that was asked for", () => {
  needs("bash")(it)("a handler that waits for its signal says nothing when its reader leaves", async () => {
    const { status, stderr, stdout } = await shell("tool follow | head -n 1; exit ${PIPESTATUS[0]}")
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: "", stdout: '{"n":1}\n' })
  })

  it("Ctrl-C prints no stack of the framework's own reason", async () => {
    const { exit_code, stderr } = await call(["follow", "--slowly", "--output", "plain"], {
      onOutput: (text, kill) => {
        if (text.includes('{"n":1}')) kill("SIGINT")
      },
    })
    expect({ exit_code, stderr: stderr.trimEnd().split("\n") }).toEqual({
      exit_code: 130,
      stderr: ["error: follow was ended by SIGINT. [CANCELLED]"],
    })
  })
})
