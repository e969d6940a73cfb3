/** The example of a server that somebody else wrote, in another language: it holds the level that it claims. */
import { checkServer, formatServerReport } from "@waybill/conformance"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"

const program = join(import.meta.dirname, "../../../examples/observe-in-python/server.py")

const event = (n: number, event_type: string, job_id: string, payload: object): string =>
  JSON.stringify({
    schema_version: 1,
    event_id: `evt_${event_type}_${job_id}_00000${n}`,
    request_id: `req_${n}`,
    job_id,
    event_type,
    occurred_at: `2026-01-01T00:00:0${n}Z`,
    actor: "ao-http:legacy",
    payload,
  })

const lines = [
  event(1, "job.accepted", "a", { job_type: "rpi.run", max_attempts: 3 }),
  event(2, "job.accepted", "b", { job_type: "wiki.build", max_attempts: 3 }),
  event(3, "job.claimed", "a", { attempt: 1, lease_epoch: 1, lease_expires_at: "2999-01-01T00:00:00Z" }),
  event(4, "job.cancelled", "b", { result_status: "cancelled", reason: "late" }),
]

needs("python3")(it)("holds level 1 over a ledger that is whole, damaged or empty", async () => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-python-"))
  const ledger = join(folder, "ledger.jsonl")
  writeFileSync(ledger, "")
  const child = spawn("python3", [program, ledger, "0"], { stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string]
    for (const text of ["", `${lines.join("\n")}\n`, `${lines.join("\n")}\n{\n`]) {
      writeFileSync(ledger, text)
      const report = await checkServer({ url, ledger }, { level: 1 })
      expect(report.isKept, formatServerReport(report)).toBe(true)
      expect(report.levels.map(({ status }) => status).slice(0, 2)).toEqual(["holds", "holds"])
    }
  } finally {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
})
