/**
 * What a run has come to, as its job in the queue is told.
 *
 * @module
 */
import type { Report } from "@waybill/jobspec"
import type { AttemptNumber, JobStatus, NewJobFact, TerminalArtifact } from "@waybill/workspace-job"

/** A run that was verified completes its job, and the artifacts name the digest; any other end fails it. */
export type RunEnd =
  | { readonly kind: "verified"; readonly report: Report }
  | { readonly kind: "failed"; readonly message: string }

const verified = ({ artifactRef, schemaId, sha256 }: TerminalArtifact): RunEnd => ({
  kind: "verified",
  report: {
    artifacts: {
      terminal_artifact: artifactRef,
      terminal_artifact_sha256: sha256,
      terminal_artifact_schema: schemaId,
    },
  },
})
const rejected = (summary = "it gave no reason"): RunEnd => ({
  kind: "failed",
  message: `the verifier rejected the artifact: ${summary}`,
})
const failed = (code: string): RunEnd => ({ kind: "failed", message: `the settlement failed: ${code}` })

/** What a status comes to; `undefined` where the run has not ended, also because attempts are left. */
export const endOf = (status: JobStatus): RunEnd | undefined => {
  switch (status.status) {
    case "verified":
      return verified(status.terminalArtifact)
    case "verifier_rejected":
      return status.attemptsLeft > 0 ? undefined : rejected(status.summary)
    case "failed":
      return failed(status.failed.failure.code)
    default:
      return undefined
  }
}

/** What a fact that ends an attempt makes of the run; `artifact` is what a verdict is about. */
export const endBy = (
  { event_type, payload }: NewJobFact,
  { index, maxAttempts }: AttemptNumber,
  artifact: TerminalArtifact | undefined,
): RunEnd | undefined => {
  // A fact of this vocabulary's own constructors; the types of a decider's command do not say which.
  const { failure, summary } = payload as { readonly summary?: string; readonly failure?: { readonly code: string } }
  switch (event_type) {
    case "workspace_job.verified":
      return artifact === undefined ? undefined : verified(artifact)
    case "workspace_job.verifier_rejected":
      return index < maxAttempts ? undefined : rejected(summary)
    default:
      return failed(failure?.code ?? "unknown")
  }
}
