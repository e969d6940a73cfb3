export { pathSegments, refuseFilePath, refusePath } from "./ArtifactPath.ts"
export * from "./Attempts.ts"
export { explain, explainFailure } from "./Explanation.ts"
export type { Category, Diagnostic, Explanation, FailureExplanation, Owner } from "./Explanation.ts"
export {
  type ExtendedFact,
  fact_types,
  isJobFact,
  type Payload,
  type Recorded,
  type StepName,
  WorkspaceJob,
  type WorkspaceJobFact,
  WorkspaceJobWithReconcile,
} from "./Facts.ts"
export { type FailureReason, failures, submit_reasons, submitFailure, type SubmitReason } from "./Failures.ts"
export { Jobs, JobsWithReconcile } from "./Job.ts"
export { type Attempt, type Job, JobEntity, type Kept, type Terminal } from "./JobEntity.ts"
export * from "./JobView.ts"
export * from "./Recording.ts"
export { safeEvent, type SafeEvent } from "./SafeEvent.ts"
export * as Settlement from "./Settlement.ts"
export type { AttemptNumber, Check, Failure, FailurePhase, TerminalArtifact } from "./Values.ts"
