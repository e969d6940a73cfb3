/**
 * An output that cannot take an answer is a failure of the call; a reader that leaves, or a person who stops it, is none.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { shell } from "./support/shell.ts"
import { call } from "./support/call.ts"

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
