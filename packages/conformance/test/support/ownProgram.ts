/** Our own server as a process of its own, which a law may kill and start again, on files or in a database. */
import type { Target } from "@waybill/conformance"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startProgram } from "../../../jobspec-server/test/support/program.ts"

/** Where in a database its ledger is; without one it is in files. */
export interface InDatabase {
  readonly url: string
  /** Of its own, where several servers are in one database. */
  readonly schema: string
}

/** Runs a body with a target that has every hook: in a database there is no ledger's file to look into. */
export const withOwnProgram = async (body: (target: Target) => Promise<void>, database?: InDatabase): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), "waybill-kit-"))
  const ledger = database === undefined ? [] : ["--ledger", database.url, "--ledger-schema", database.schema]
  const start = () => startProgram(["--root", root, "--addr", "127.0.0.1:0", "--failpoints", ...ledger])
  let program = await start()
  try {
    await body({
      url: program.first.url,
      token: program.token,
      ...(database === undefined ? { ledger: join(root, ".agents/daemon/ledger.jsonl") } : {}),
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
