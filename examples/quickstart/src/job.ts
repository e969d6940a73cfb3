/** The job of the quickstart, in the words of `waybill settle`: a bill of materials, by an agent that is careless at first. */
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import type { SettleWords } from "waybill"
import { word } from "./shell.ts"

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const node = [process.execPath, "--conditions=@waybill/source"] as const

/** The run id is derived from the lock file: a changed lock file is a new job. */
export const runIdOf = (lock: Uint8Array): string =>
  `bom-${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`

/** Asks for the bill of materials of a lock file; `lockPath` is a copy that does not change. */
export const wordsOf = (lockPath: string, runId: string): SettleWords => ({
  "run-id": runId,
  "schema-id": "cyclonedx-1.6+json",
  candidate: "bom.cdx.json",
  seed: [`${lockPath}=input/package-lock.json`],
  agent: [...node, program("./agent.ts")],
  verify: [[...node, program("./verify.ts"), lockPath].map(word).join(" ")],
  // Without --repair the same agent is called again; it reads what the verifier said.
  "max-attempts": 2,
  "attempt-timeout": "60s",
  "verify-timeout": "60s",
  env: [],
})
