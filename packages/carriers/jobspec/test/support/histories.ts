/** Generated queues: plausible ones, made by commands, and such as nobody should have written. */
import { formatTime, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import fc from "fast-check"
import type { QueueCommand } from "../../src/index.ts"
import { digest, recorded, start_ms } from "./desk.ts"

export const job_ids = ["j1", "j2", "j3", "__proto__"]
const types = ["rpi.run", "wiki.forge", "skill.invoke", "dream.stage"]
const tokens = ["t1", "t2", "t3"].map(digest)

const jobId = fc.constantFrom(...job_ids)
const now_ms = fc.integer({ min: 0, max: 300 }).map((s) => start_ms + s * 1000)
const hold = fc.record({ token_sha256: fc.constantFrom(...tokens), lease_epoch: fc.integer({ min: 0, max: 5 }) })
const request = fc.record({ request_id: fc.constantFrom("r1", "r2", " r3 ", "a b", "") }, { requiredKeys: [] })
const artifacts = fc.record(
  { artifacts: fc.dictionary(fc.constantFrom("log", "__proto__", "a/b"), fc.string({ maxLength: 4 }), { maxKeys: 2 }) },
  { requiredKeys: [] },
)

const anyJson = fc.jsonValue({ noUnicodeString: false, maxDepth: 2 }) as fc.Arbitrary<JsonObject[string]>
const smallPayload = fc.oneof(
  fc.constant({}),
  fc.record(
    { goal: fc.string({ maxLength: 3 }), terminal_artifact: fc.constant({ schema: "s" }) },
    { requiredKeys: [] },
  ),
) as fc.Arbitrary<JsonObject>

/** Any command, sensible or not. */
export const command: fc.Arbitrary<QueueCommand> = fc.oneof(
  fc
    .tuple(
      fc.record(
        {
          job_id: fc.oneof(jobId, fc.constantFrom(" j1 ", "", "schedule", "x".repeat(257))),
          idempotency_key: fc.constantFrom("k1", "k2", ""),
          payload: smallPayload,
          max_attempts: fc.integer({ min: 1, max: 3 }),
        },
        { requiredKeys: [] },
      ),
      request,
      fc.constantFrom(...types, "no.such"),
    )
    .map(([fields, ids, job_type]): QueueCommand => ({ kind: "submit", job_type, ...fields, ...ids })),
  fc
    .record({
      token_sha256: fc.constantFrom(...tokens),
      now_ms,
      hasDataPlane: fc.boolean(),
      job_types: fc.option(fc.subarray(types), { nil: undefined }),
    })
    .map(({ job_types, ...rest }): QueueCommand => ({
      kind: "claim_next",
      ...rest,
      ...(job_types === undefined ? {} : { job_types }),
    })),
  fc.record({ kind: fc.constant("claim" as const), job_id: jobId, token_sha256: fc.constantFrom(...tokens), now_ms }),
  fc
    .tuple(
      fc.constantFrom("heartbeat" as const, "complete" as const, "fail" as const),
      fc.record({ job_id: jobId, hold, now_ms }),
      request,
      artifacts,
    )
    .map(([kind, fields, ids, made]): QueueCommand => ({ kind, ...fields, ...ids, ...made })),
  fc.tuple(jobId, request).map(([job_id, ids]): QueueCommand => ({ kind: "cancel", job_id, reason: " why ", ...ids })),
  fc.record(
    { kind: fc.constant("expire" as const), job_id: jobId, now_ms },
    { requiredKeys: ["kind", "job_id", "now_ms"] },
  ),
)

const job_types = [
  "job.accepted",
  "job.claimed",
  "job.heartbeat",
  "job.lease_expired",
  "job.completed",
  "job.failed",
  "job.cancelled",
]
const other_types = [
  "projection.marked_stale",
  "projection.rebuilt",
  "factory.job_started",
  "agent_update.phase_start",
  "schedule.fired",
  "schedule.created",
  "schedule.deleted",
  "job.paused",
  "workspace_job.requested",
]

const field = (sensible: fc.Arbitrary<unknown>) => fc.oneof({ weight: 3, arbitrary: sensible }, anyJson)
const anyRef = fc.record({ path: field(fc.constantFrom("a.txt", "")), sha256: fc.constant("0".repeat(64)) })
const payload = fc.record(
  {
    job_type: field(fc.constantFrom(...types, "no.such", "consumer.snapshot")),
    job_payload: field(smallPayload),
    max_attempts: field(fc.integer({ min: -1, max: 3 })),
    idempotency_key: field(fc.constantFrom("k1", "k2", "")),
    projection_targets: field(fc.constantFrom("openclaw-snapshot", "consumer-snapshot", "nobody")),
    claim_token: field(fc.constantFrom(...tokens, "claim_j1-1_000002")),
    lease_epoch: field(fc.integer({ min: -1, max: 4 })),
    lease_expires_at: field(
      fc.oneof(
        now_ms.map((ms) => formatTime(ms)),
        fc.constantFrom("2026-04-28T14:00:30.000000001+02:00", "soon", ""),
      ),
    ),
    attempt: field(fc.integer({ min: -1, max: 4 })),
    artifacts: field(fc.dictionary(fc.constantFrom("log", "__proto__"), anyJson, { maxKeys: 2 })),
    artifact_refs: field(fc.dictionary(fc.constantFrom("out", "__proto__"), fc.oneof(anyRef, anyJson), { maxKeys: 2 })),
    failure: field(
      fc.record({ code: field(fc.constantFrom("lost", "x")), message: field(fc.string({ maxLength: 3 })) }),
    ),
    failure_code: field(fc.constantFrom("lost")),
    retryable: field(fc.boolean()),
    name: field(fc.constantFrom("nightly")),
    template: field(fc.record({ cron: field(fc.constantFrom("* * * * *")) })),
  },
  { requiredKeys: [] },
)

const row = fc.record({
  event_type: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...job_types) }, fc.constantFrom(...other_types)),
  job_id: fc.oneof({ weight: 6, arbitrary: jobId }, fc.constantFrom("schedule", "x".repeat(300), " padded ")),
  payload: fc.oneof({ weight: 6, arbitrary: payload }, anyJson) as fc.Arbitrary<JsonObject>,
  request_id: fc.constantFrom("r1", "r2", "r3"),
})

/** Events as a ledger of anybody's may hold them: any order, any fields of any type. */
export const hostileHistory: fc.Arbitrary<ReadonlyArray<RecordedEvent>> = fc
  .array(row, { maxLength: 20 })
  .map((rows) =>
    rows.map(({ event_type, job_id, payload: said, request_id }, i) =>
      recorded(i + 1, event_type, job_id, said, { request_id }),
    ),
  )

export const commands = fc.array(command, { maxLength: 40 })
export const someTime = now_ms
