/** Our own server as a process of its own, which a law may kill and start again. */
import type { Target } from "@waybill/conformance"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startProgram } from "../../../jobspec-server/test/support/program.ts"

/** Runs a body with a target that has every hook. */
export const withOwnProgram = async (body: (target: Target) => Promise<void>): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), "waybill-kit-"))
  const start = () => startProgram(["--root", root, "--addr", "127.0.0.1:0", "--failpoints"])
  let program = await start()
  try {
    await body({
      url: program.first.url,
      token: program.token,
      ledger: join(root, ".agents/daemon/ledger.jsonl"),
      restart: async (meanwhile) => {
        await program.end("SIGKILL")
        await meanwhile?.()
        program = await start()
        return { url: program.first.url }
      },
    })
  } finally {
    await program.end("SIGKILL")
    rmSync(root, { recursive: true, force: true })
  }
}
