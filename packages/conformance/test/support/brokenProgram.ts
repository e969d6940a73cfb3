/** Our own server with patches, as a process that a law may kill and start again. */
import type { Target } from "@waybill/conformance"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { patchedProgram } from "./patchedProgram.ts"
import type { Patch } from "./patches.ts"

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
}

const start = async (root: string, main: string): Promise<Started> => {
  const child = spawn(process.execPath, [main, "serve", "--root", root, "--addr", "127.0.0.1:0", "--failpoints"], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8")
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve)
    child.once("exit", (code) => reject(new Error(`the broken server ended with ${code}: ${said}`)))
  })
  const { token_file, url } = JSON.parse(line) as { readonly url: string; readonly token_file: string }
  return { child, url, token: readFileSync(token_file, "utf8").trim() }
}

const kill = async ({ child }: Started): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

/** Runs a body with a broken server that has every hook. */
export const withBrokenProgram = async (
  patches: ReadonlyArray<Patch>,
  body: (target: Target) => Promise<void>,
): Promise<void> => {
  const main = await patchedProgram(patches)
  const root = mkdtempSync(join(tmpdir(), "waybill-broken-"))
  let program = await start(root, main)
  try {
    await body({
      url: program.url,
      token: program.token,
      ledger: join(root, ".agents/daemon/ledger.jsonl"),
      restart: async (meanwhile) => {
        await kill(program)
        await meanwhile?.()
        program = await start(root, main)
        return { url: program.url }
      },
    })
  } finally {
    await kill(program)
    rmSync(root, { recursive: true, force: true })
  }
}
