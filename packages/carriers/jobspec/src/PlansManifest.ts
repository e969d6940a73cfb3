/**
 * The plans manifest, whose entries come from a stored projection snapshot alone (JobSpec v0 §3.5, §12.6).
 *
 * @module
 */
import { formatTime, type Json, type JsonObject } from "@waybill/ledger"
import { Result } from "effect"
import { isObject, asObject, asText } from "./EventFields.ts"
import { unlessEmpty } from "./QueueJobState.ts"

/** What a stored snapshot carries that no event does. */
export interface PlansEntries {
  readonly project_id?: string
  readonly issue_prefix?: string
  readonly entries: ReadonlyArray<JsonObject>
}

export const no_plans: PlansEntries = { entries: [] }

/**
 * Reads the plans out of a stored projection snapshot's text. Everything else in it can be folded from the ledger, so it is
 * not used: a snapshot can be late, the ledger cannot. Fails with what is wrong, for `Replay.ignored_snapshot`.
 */
export const readPlansSnapshot = (text: string): Result.Result<PlansEntries, string> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return Result.fail(`invalid json: ${cause instanceof Error ? cause.message : "unreadable"}`)
  }
  if (!isObject(value)) return Result.fail("invalid json: a snapshot is one object")
  const version = value["schema_version"] ?? 0
  if (version !== 1) return Result.fail(`schema_version mismatch: got ${JSON.stringify(version)} want 1`)
  const plans = asObject(value["plans"]) ?? {}
  const entries = plans["entries"]
  return Result.succeed({
    ...unlessEmpty("project_id", asText(plans["project_id"])),
    ...unlessEmpty("issue_prefix", asText(plans["issue_prefix"])),
    entries: Array.isArray(entries) ? (entries as ReadonlyArray<Json>).filter(isObject) : [],
  })
}

export interface PlansManifest {
  readonly schema_version: 1
  readonly project_id?: string
  readonly issue_prefix?: string
  readonly entries: ReadonlyArray<JsonObject>
  readonly last_event_id?: string
  readonly rebuilt_at: string
}

export const plansManifest = (
  { entries, issue_prefix, project_id }: PlansEntries,
  lastEventId: string | undefined,
  now_ms: number,
): PlansManifest => ({
  schema_version: 1,
  ...unlessEmpty("project_id", project_id),
  ...unlessEmpty("issue_prefix", issue_prefix),
  entries,
  ...unlessEmpty("last_event_id", lastEventId),
  rebuilt_at: formatTime(now_ms),
})
