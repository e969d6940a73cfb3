/** A project's folder as the contract's reference daemon leaves it (JobSpec v0 §7), with everything that can be wrong in it. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"

let sequence = 0

/** A line as the reference writes it: dots in ids replaced, the payload left out when it is empty. */
export const line = (event_type: string, job_id: string, payload: object = {}, more: object = {}): string =>
  JSON.stringify({
    schema_version: 1,
    event_id: `evt_${event_type.replaceAll(".", "_")}_${job_id}_${String(++sequence).padStart(6, "0")}`,
    request_id: `r-${job_id}`,
    job_id,
    event_type,
    occurred_at: "2026-04-28T12:00:00.5Z",
    actor: "ao-http:legacy",
    ...(Object.keys(payload).length === 0 ? {} : { payload }),
    ...more,
  })

export const accepted = (job_id: string, job_type: string, more: object = {}): string =>
  line("job.accepted", job_id, {
    job_payload: {},
    job_type,
    max_attempts: 3,
    projection_targets: ["daemon-status"],
    ...more,
  })

export interface Written {
  readonly archive?: ReadonlyArray<string>
  readonly plainArchive?: ReadonlyArray<string>
  /** The active file as it is, last newline included or not. */
  readonly active: string
  readonly snapshot?: string
}

/** Writes such a folder. */
export const writeRoot = (root: string, { active, archive, plainArchive, snapshot }: Written): void => {
  const daemon = join(root, ".agents", "daemon")
  mkdirSync(join(daemon, "projections"), { recursive: true, mode: 0o700 })
  if (archive !== undefined)
    writeFileSync(join(daemon, "ledger.20260427T120000.000000000Z.jsonl.gz"), gzipSync(`${archive.join("\n")}\n`))
  if (plainArchive !== undefined)
    writeFileSync(join(daemon, "ledger.20260428T000000.000000000Z.jsonl"), `${plainArchive.join("\n")}\n`)
  writeFileSync(join(daemon, "ledger.jsonl"), active, { mode: 0o600 })
  if (snapshot !== undefined)
    writeFileSync(join(daemon, "projections", "snapshot-20260428T120000.000000000Z.json"), snapshot)
}
