/** Proper attempts, made by the settlement helpers and recorded one fact after the other. */
import type { Fact, InvalidFact } from "@waybill/ledger"
import { recordedFact } from "@waybill/ledger/testing"
import { Result } from "effect"
import { type Check, type Payload, type Recorded, Settlement, type StepName, WorkspaceJob } from "../../src/index.ts"

export const digestA = `sha256:${"a".repeat(64)}`
export const digestB = `sha256:${"b".repeat(64)}`

export type Made<K extends StepName> = Result.Result<Fact<`workspace_job.${K}`, Payload<K>>, InvalidFact>

/** The fact as it would be recorded at a position; throws when it cannot be made. */
export const recordedAt = <K extends StepName>(position: number, made: Made<K>): Recorded<K> =>
  recordedFact(WorkspaceJob, Result.getOrThrow(made), { after: position - 1 })

/** `path message` of every issue; nothing when the fact was made. */
export const issuesOf = (made: Result.Result<unknown, InvalidFact>): ReadonlyArray<string> =>
  Result.isFailure(made) ? made.failure.issues.map(({ message, path }) => `${path} ${message}`) : []

export const jobRequest: Settlement.JobRequest = {
  runId: "run-1",
  idempotencyKey: "create-1",
  requestedBy: "a product",
  terminalSchemaId: "report/v1",
  maxAttempts: 3,
}

export const passed: Check = { name: "complete", status: "passed" }
export const failed: Check = { name: "complete", status: "failed", message: "two are missing" }

export const stored: Settlement.Stored = {
  artifactRef: "artifact:run-1:1:report.json",
  path: "report.json",
  bytes: 7,
  sha256: digestA,
}
export const submitRunId = "submit-1"

/** The verdicts of {@link Settlement.settle}, told apart for callers who know which one they asked for. */
export const accept = (finalized: Recorded<"terminal_finalized">, summary?: string) =>
  Settlement.settle(finalized, { ok: true, checks: [passed], summary }) as Made<"verified">
export const reject = (finalized: Recorded<"terminal_finalized">, reason = "not complete") =>
  Settlement.settle(finalized, { ok: false, checks: [failed], reason }) as Made<"verifier_rejected">

/** Every step of one attempt, its request at position `from`. */
export const attemptFrom = (requested: Recorded<"requested">, evidence: Settlement.Stored = stored) => {
  const from = requested.position
  const { bytes, sha256 } = evidence
  const schemaId = requested.payload.terminalSchemaId
  const seeded = recordedAt(from + 1, Settlement.seed(requested, ["seed/a.txt"]))
  const built = recordedAt(from + 2, Settlement.build(requested, { submitRunId, schemaId, bytes, sha256 }))
  const written = recordedAt(from + 3, Settlement.write(built, evidence))
  const readback = recordedAt(from + 4, Settlement.readBack(written, evidence))
  const finalized = recordedAt(from + 5, Settlement.finalize(requested, readback))
  return { requested, seeded, built, written, readback, finalized }
}

export const requestedAt = (position: number, job: Partial<Settlement.JobRequest> = {}) =>
  recordedAt(position, Settlement.request({ ...jobRequest, ...job }))

/** The first attempt of a job, up to its finalized artifact. */
export const firstAttempt = (job: Partial<Settlement.JobRequest> = {}, evidence?: Settlement.Stored) =>
  attemptFrom(requestedAt(1, job), evidence)
