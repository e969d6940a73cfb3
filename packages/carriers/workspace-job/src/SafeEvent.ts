/**
 * What a browser may see of a fact: named fields only, lengths bounded, no agent run's id.
 *
 * @module
 */
import { isRecordedFact, type RecordedEvent } from "@waybill/ledger"
import { attemptOf } from "./Attempts.ts"
import { WorkspaceJob, type WorkspaceJobFact } from "./Facts.ts"
import type { Check } from "./Values.ts"

const text_max = 500
const checks_shown_max = 50

export interface SafeEvent {
  readonly event_id: string
  readonly position: number
  readonly event_type: string
  readonly occurred_at: string
  readonly payload: Readonly<Record<string, unknown>>
}

const short = (text: string): string =>
  text.length > text_max ? `${text.slice(0, text_max - 1).toWellFormed()}…` : text

const safeChecks = (checks: ReadonlyArray<Check>) => ({
  total: checks.length,
  passed: checks.filter(({ status }) => status === "passed").length,
  failed: checks.filter(({ status }) => status === "failed").length,
  list: checks.slice(0, checks_shown_max).map(({ message, name, status }) => ({
    name: short(name),
    status,
    ...(message === undefined ? {} : { message: short(message) }),
  })),
})

const safePayload = (fact: WorkspaceJobFact): Record<string, unknown> => {
  const { idempotencyKey, runId } = fact.payload
  const ids = { runId, idempotencyKey }
  switch (fact.event_type) {
    case "workspace_job.requested": {
      const { requestedBy, terminalSchemaId } = fact.payload
      const { cause, index, maxAttempts } = attemptOf(fact.payload)
      return { ...ids, requestedBy, terminalSchemaId, attempt: { index, maxAttempts, cause } }
    }
    case "workspace_job.seed_written":
      return { ...ids, seedPaths: fact.payload.seedPaths }
    case "workspace_job.agent_started":
      return ids
    case "workspace_job.terminal_build_attempted": {
      const { bytes, schemaId, sha256 } = fact.payload
      return { ...ids, schemaId, bytes, sha256 }
    }
    case "workspace_job.artifact_written":
    case "workspace_job.artifact_readback_verified": {
      const { artifactRef, bytes, path, schemaId, sha256 } = fact.payload
      return { ...ids, artifactRef, path, schemaId, bytes, sha256 }
    }
    case "workspace_job.terminal_finalized": {
      const { artifactRef, bytes, path, schemaId, sha256 } = fact.payload.terminalArtifact
      return { ...ids, artifact: { artifactRef, path, schemaId, sha256, bytes } }
    }
    case "workspace_job.verified":
    case "workspace_job.verifier_rejected": {
      const { checks, summary } = fact.payload
      return { ...ids, checks: safeChecks(checks), ...(summary === undefined ? {} : { summary: short(summary) }) }
    }
    case "workspace_job.failed": {
      const { code, phase, reason, retryable } = fact.payload.failure
      return { ...ids, phase, code, reason, ...(retryable === undefined ? {} : { retryable }) }
    }
  }
}

/**
 * The safe view of an event; `undefined` for one of another vocabulary, of an unknown type, or malformed, which one is too
 * that speaks of another run than the one it is recorded under.
 */
export const safeEvent = (event: RecordedEvent | WorkspaceJobFact): SafeEvent | undefined => {
  if (!WorkspaceJob.owns(event.event_type)) return undefined
  const fact = WorkspaceJob.decode(event)
  if (!isRecordedFact(fact) || fact.payload.runId !== event.job_id) return undefined
  const { event_id, event_type, occurred_at, position } = event
  return { event_id, position, event_type, occurred_at, payload: safePayload(fact as WorkspaceJobFact) }
}
