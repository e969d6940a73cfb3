/**
 * What is sent and answered, as JSON Schema. Answers may gain fields; what is said here of a field stands.
 *
 * @module
 */

export type JsonSchema = Readonly<Record<string, unknown>>

const text = { type: "string" } as const
const flag = { type: "boolean" } as const
const whole = { type: "integer" } as const
const natural = { type: "integer", minimum: 0 } as const
const time = { type: "string", description: "RFC 3339, UTC, 0 to 9 fractional digits." } as const
const anyObject = { type: "object" } as const
const texts = { type: "array", items: text } as const
const duration = {
  type: ["string", "number"],
  description: "`500ms`, `30s`, `5m`, or a number of seconds.",
} as const

const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })
const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items })

/** An object: fields whose name ends in `?` may be missing. */
const object = (fields: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: "object",
  required: Object.keys(fields).filter((name) => !name.endsWith("?")),
  properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/u, ""), schema])),
})

/** An object that may also be sent with `null` in place of any field: that counts as absent. */
const sent = (fields: Readonly<Record<string, JsonSchema>>): JsonSchema => object(fields)

const job_status = { enum: ["queued", "running", "retry_waiting", "completed", "failed", "cancelled", "degraded"] }
const manifest_status = { enum: ["current", "stale", "degraded"] }

const failure = object({ code: text, "message?": text, "retryable?": flag })
const artifacts = { type: "object", additionalProperties: text } as const
const artifact_refs = { type: "object", additionalProperties: ref("ArtifactRef") } as const
const source = object({ ledger: text, "last_event_id?": text })

const resource_fields = {
  "request_ids?": texts,
  status: job_status,
  "result_status?": { enum: ["succeeded", "failed", "cancelled"] },
  "failure?": failure,
  "artifacts?": artifacts,
  "artifact_refs?": artifact_refs,
  "projection_targets?": texts,
  "created_at?": time,
  "updated_at?": time,
  "last_event_id?": text,
} as const

const projection_state = {
  projection_status: manifest_status,
  projection_lag: ref("ProjectionLag"),
  "degraded_reasons?": texts,
} as const

const hold = { claim_token: text, lease_epoch: whole } as const
const schedule_fields = {
  name: text,
  cron: text,
  job_type: text,
  "payload?": anyObject,
  "timeout?": { type: "integer", minimum: 0, description: "Nanoseconds." },
  "backpressure?": object({ "skip_if_running?": flag, "max_queue_depth?": whole }),
} as const

const able = { "job_types?": texts, "has_data_plane?": flag } as const
const own_token = {
  type: "string",
  description:
    "32 random bytes of the worker's own, as 64 lowercase hex digits, new for each claim. Asked again with it, a claim whose answer was lost is answered with the job that the token holds.",
} as const
const report = { "request_id?": text, "artifacts?": artifacts, "artifact_refs?": artifact_refs } as const

/** By name, as the routes refer to them. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  Error: object({ error: text, "max_bytes?": natural, "got_bytes?": natural }),
  WorkError: object({ error: text, "code?": text, "max_bytes?": natural }),
  NotReady: object({ error: text, "projection_lag?": ref("ProjectionLag"), "degraded_reasons?": texts }),
  Health: object({
    status: { const: "ok" },
    daemon: { const: "agentopsd" },
    read_only: { const: true },
    now: time,
    implementation: { const: "waybill" },
    version: text,
  }),
  ProjectionLag: object({
    "last_event_id?": text,
    event_count: natural,
    corrupt_record_count: natural,
    degraded: flag,
  }),
  Readiness: object({
    ready: flag,
    ledger_replay_status: { enum: ["complete", "corrupt"] },
    projection_status: { enum: ["current", "degraded"] },
    projection_lag: ref("ProjectionLag"),
    "degraded_reasons?": texts,
  }),
  ArtifactRef: object({ path: text, sha256: text, size: natural, written_at: time }),
  QueueJob: object({
    job_id: text,
    job_type: text,
    request_id: text,
    "request_ids?": texts,
    status: job_status,
    "idempotency_key?": text,
    attempt: whole,
    max_attempts: whole,
    "claim_token?": text,
    "lease_epoch?": whole,
    "lease_expires_at?": text,
    "retry_exhausted?": flag,
    "failure?": failure,
    "artifacts?": artifacts,
    "artifact_refs?": anyObject,
    "projection_targets?": texts,
    "payload?": anyObject,
    "last_event_id?": text,
    "created_at?": text,
    "updated_at?": text,
  }),
  JobProjection: object({ job_id: text, "job_type?": text, request_id: text, ...resource_fields }),
  Resource: object({
    resource_id: text,
    resource_kind: { enum: ["run", "job", "wiki"] },
    "job_id?": text,
    "job_type?": text,
    "run_id?": text,
    "request_id?": text,
    ...resource_fields,
    "provenance?": listOf(object({ rel: text, kind: text })),
  }),
  Manifest: object({
    schema_version: { const: 1 },
    projection: text,
    source_ledger: text,
    "last_event_id?": text,
    status: manifest_status,
    rebuilt_at: time,
    "output_paths?": texts,
    "degraded_reasons?": texts,
  }),
  PlansManifest: object({
    schema_version: { const: 1 },
    "project_id?": text,
    "issue_prefix?": text,
    entries: listOf(anyObject),
    "last_event_id?": text,
    rebuilt_at: time,
  }),
  ProjectionSet: object({
    schema_version: { const: 1 },
    rebuilt_at: time,
    source_ledger: text,
    "last_event_id?": text,
    manifests: { type: "object", additionalProperties: ref("Manifest") },
    jobs: listOf(ref("JobProjection")),
    rpi: object({ runs: listOf(ref("JobProjection")) }),
    dream: object({ runs: listOf(ref("JobProjection")) }),
    wiki: object({ jobs: listOf(ref("JobProjection")) }),
    openclaw: object({
      schema_version: { const: 1 },
      snapshot_id: text,
      generated_at: time,
      source,
      resources: object({
        runs: listOf(ref("JobProjection")),
        jobs: listOf(ref("JobProjection")),
        wiki: listOf(ref("JobProjection")),
      }),
      status: manifest_status,
    }),
    plans: ref("PlansManifest"),
    "schedules?": listOf(ref("ScheduleTemplate")),
    factory: anyObject,
    "degraded_reasons?": texts,
  }),
  Status: object({
    ready: flag,
    projection_lag: ref("ProjectionLag"),
    queue: object({ jobs: listOf(ref("QueueJob")), "last_event_id?": text }),
    projections: ref("ProjectionSet"),
  }),
  Event: object({
    schema_version: { const: 1 },
    event_id: text,
    request_id: text,
    job_id: text,
    event_type: text,
    occurred_at: text,
    actor: text,
    "payload?": anyObject,
  }),
  Events: object({
    events: listOf(ref("Event")),
    "corrupt?": listOf(object({ line_number: natural, error: text })),
    "last_event_id?": text,
  }),
  Facts: object({ events: listOf(ref("Event")) }),
  Submission: sent({
    "request_id?": text,
    "job_id?": text,
    job_type: text,
    "idempotency_key?": text,
    "payload?": anyObject,
  }),
  SubmitAnswer: object({
    accepted: { const: true },
    request_id: text,
    job_id: text,
    status: job_status,
    "last_event_id?": text,
    ...projection_state,
    "idempotency_key?": text,
    "differs?": { type: "array", items: { enum: ["job_type", "payload"] } },
  }),
  TriggerAnswer: object({
    accepted: { const: true },
    request_id: text,
    job_id: text,
    job_type: text,
    status: job_status,
    "last_event_id?": text,
    snapshot_status: manifest_status,
    "idempotency_key?": text,
  }),
  Cancellation: sent({ "request_id?": text, "job_id?": text, "reason?": text }),
  CancelAnswer: object({
    cancelled: flag,
    outcome: {
      enum: ["cancelled", "already_terminal_completed", "already_terminal_failed", "already_terminal_cancelled"],
    },
    job: ref("QueueJob"),
    ...projection_state,
  }),
  ScheduleTemplate: object(schedule_fields),
  Schedule: object({
    ...schedule_fields,
    "invalid?": { type: "string", description: "Why it never fires here." },
  }),
  Schedules: object({ schedules: listOf(ref("Schedule")) }),
  ScheduleName: object({ name: text }),
  ScheduleDeleted: object({ name: text, deleted: { const: true } }),
  ConsumerHealth: object({
    status: { const: "ok" },
    ready: flag,
    snapshot_id: text,
    generated_at: time,
    source,
    snapshot_status: manifest_status,
    resource_counts: object({ runs: natural, jobs: natural, wiki: natural }),
    "degraded_reasons?": texts,
  }),
  ConsumerSnapshot: object({
    schema_version: { const: 1 },
    snapshot_id: text,
    generated_at: time,
    source,
    status: manifest_status,
    resources: object({
      runs: listOf(ref("Resource")),
      jobs: listOf(ref("Resource")),
      wiki: listOf(ref("Resource")),
    }),
  }),
  ResourceList: {
    ...object({
      "runs?": listOf(ref("Resource")),
      "jobs?": listOf(ref("Resource")),
      "wiki?": listOf(ref("Resource")),
    }),
    minProperties: 1,
    maxProperties: 1,
  },
  ClaimNext: sent({ ...able, "lease?": duration, "wait?": duration, "claim_token?": own_token }),
  AwaitWork: sent({ ...able, "wait?": duration }),
  Claimable: object({ claimable: { const: true } }),
  ClaimGiven: sent({ "lease?": duration, "claim_token?": own_token }),
  Claim: object({
    claim_token: text,
    job_id: text,
    lease_epoch: whole,
    lease_expires_at: time,
    attempt: whole,
    "job?": ref("QueueJob"),
  }),
  Holding: sent({ ...hold, "lease?": duration, ...report }),
  Failing: sent({ ...hold, ...report, "failure?": object({ "code?": text, "message?": text, "retryable?": flag }) }),
  JobTypes: object({ job_types: listOf(text) }),
  Job: object({ "job?": ref("QueueJob") }),
}
