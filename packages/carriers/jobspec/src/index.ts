export * from "./Answers.ts"
export {
  type ConsumerHealth,
  consumerHealth,
  consumerSnapshot,
  type ConsumerSnapshot,
  type ConsumerViews,
  type ProvenanceLink,
  refuseSnapshot,
  resource,
  type Resource,
  type ResourceKind,
  resources,
  type Resources,
} from "./Consumer.ts"
export { consumer_names, type ConsumerNames, openclaw_names } from "./ConsumerNames.ts"
export { asksForArtifact, default_failure_code, type JobFailure, request_ids_max } from "./EventFields.ts"
export {
  eventDocument,
  type EventDocument,
  isKnownType,
  JobSpecEvents,
  type JobSpecFact,
  refuseEnvelope,
  vocabularies,
} from "./Events.ts"
export { cursorOf, events_limit_max, type EventsRefusal, limitOf, positionIn } from "./EventsQuery.ts"
export {
  agentUpdateFacts,
  ArtifactRef,
  event_types,
  factoryFacts,
  idempotency_key_bytes_max,
  projectionFacts,
  scheduleFacts,
} from "./Facts.ts"
export { type HealthDocument, healthDocument } from "./Health.ts"
export * from "./Identifiers.ts"
export {
  JobEntity,
  jobProjection,
  type JobProjection,
  resourceCounts,
  type ResultStatus,
  unknownTypes,
} from "./JobProjection.ts"
export * as JobSpec from "./JobSpec.ts"
export { contract_job_types, type Family, type JobType, JobTypes, renamed_job_types } from "./JobTypes.ts"
export { type Abilities, claimableFrom_ms, exhausted_per_claim_max, failure_codes, heldBy, openJobs } from "./leases.ts"
export {
  type Manifest,
  manifests,
  type ManifestStatus,
  manifestStatus,
  projection_names,
  ProjectionStates,
  source_ledger,
  type Staleness,
} from "./Manifests.ts"
export { type FieldKind, type PayloadShape, refusePayload } from "./PayloadShape.ts"
export { no_plans, type PlansEntries, type PlansManifest, plansManifest, readPlansSnapshot } from "./PlansManifest.ts"
export { type ProjectionSet, type Reading, type StatusDocument, type Views } from "./ProjectionSet.ts"
export type { Queue } from "./Queue.ts"
export * from "./QueueCommand.ts"
export { isHeld, isTerminal, isWork, leaseEnd_ms, max_attempts_default, QueueJob, type Status } from "./QueueJob.ts"
export {
  type FailureDocument,
  isLapsed,
  queueJobState,
  type QueueJobState,
  queueSnapshot,
  type QueueSnapshot,
  statusAt,
} from "./QueueJobState.ts"
export * from "./Refusals.ts"
export * from "./Replay.ts"
export {
  InvalidSchedule,
  type ScheduleCommand,
  ScheduleExists,
  type ScheduleRefusal,
  type Scheduling,
} from "./Scheduling.ts"
export { ScheduleEntity, Schedules, schedules, type ScheduleTemplate } from "./Schedules.ts"
export {
  settlement_claims_max,
  settlement_job_type,
  type SettlementRequest,
  settlementType,
  submitSettlement,
} from "./SettlementJob.ts"
export { differences, findSubmitted } from "./submission.ts"
export { jobStatusFrom, type JobSigns, snapshotResult, type SnapshotSigns } from "./TruthTables.ts"
export { documentPieces, encodeDocument, List } from "./WireDocument.ts"
