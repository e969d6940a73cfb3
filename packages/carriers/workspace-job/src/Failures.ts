/**
 * The failure catalogue: every way in which an attempt ends without a verdict, and the constants that say so.
 *
 * @module
 */
import type { Failure } from "./Values.ts"

const failure = <P extends Failure["phase"], R extends string>(phase: P, reason: R, retryable?: boolean) => ({
  phase,
  code: `workspace_job.${reason}`,
  reason,
  ...(retryable === undefined ? {} : { retryable }),
})

const inPhase = <P extends Failure["phase"], R extends string>(phase: P, reason: R, retryable?: boolean) => ({
  ...failure(phase, reason, retryable),
  code: `workspace_job.${phase}.${reason}`,
})

/** Why an agent run ended without success. */
export const submit_reasons = [
  "budget_tokens",
  "budget_time",
  "tool_error",
  "upstream_failure",
  "retries",
  "client_disconnect",
  "interrupted",
] as const
export type SubmitReason = (typeof submit_reasons)[number]

/** The failure of an agent run that ended without success. An interrupted run is not worth repeating as it is. */
export const submitFailure = (reason: SubmitReason): Failure => inPhase("submit", reason, reason !== "interrupted")

/** Every other failure, by its reason. */
export const failures = {
  submit_spec_builder_failed: inPhase("request", "submit_spec_builder_failed"),
  repair_decision_failed: inPhase("request", "repair_decision_failed"),
  seed_write_failed: failure("seed", "seed_write_failed", true),
  runtime_projection_missing: inPhase("submit", "runtime_projection_missing"),
  candidate_missing: failure("collect_candidate", "candidate_missing"),
  run_id_mismatch: failure("finalize", "run_id_mismatch"),
  terminal_build_failed: failure("finalize", "terminal_build_failed"),
  terminal_schema_mismatch: failure("finalize", "terminal_schema_mismatch"),
  build_not_reproducible: failure("finalize", "build_not_reproducible", true),
  artifact_too_large: failure("finalize", "artifact_too_large"),
  terminal_write_failed: failure("data_plane", "terminal_write_failed", true),
  terminal_read_failed: failure("data_plane", "terminal_read_failed", true),
  readback_mismatch: failure("data_plane", "readback_mismatch", true),
  artifact_changed: failure("data_plane", "artifact_changed", true),
  path_refused: failure("data_plane", "path_refused"),
  verifier_failed: failure("verify_infra", "verifier_failed", true),
  verifier_timeout: failure("verify_infra", "verifier_timeout", true),
} as const satisfies Record<string, Failure>

export type FailureReason = keyof typeof failures
