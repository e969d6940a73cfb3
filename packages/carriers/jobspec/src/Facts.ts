/**
 * The event vocabulary (JobSpec v0 §8), as it is written.
 *
 * The constructors of `job.*` stay inside this package: those facts come out of the queue's decider alone. The other kinds
 * are written by schedulers, executors and operators.
 *
 * @module
 */
import { isTime, utf8Bytes, Vocabulary } from "@waybill/ledger"
import { Schema } from "effect"

const Text = Schema.String.check(
  Schema.makeFilter((text: string) => (text.isWellFormed() ? true : "contains a lone surrogate")),
)
const Name = Text.check(Schema.isNonEmpty())
// A filter says what to draw where chance would never meet it, so that the schema alone makes payloads to test with.
const Time = Schema.String.check(
  Schema.makeFilter((text: string) => (isTime(text) ? true : "is not an RFC 3339 time"), {
    arbitraryConstraint: {
      patterns: [{ source: "^20[0-9]{2}-0[1-9]-[12][0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$", flags: "" }],
    },
  }),
)
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Positive = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const Names = Schema.Array(Name)

/** Longer keys are refused, in UTF-8 bytes. */
export const idempotency_key_bytes_max = 256

const IdempotencyKey = Name.check(
  Schema.makeFilter((key: string) =>
    utf8Bytes(key) <= idempotency_key_bytes_max ? true : `is longer than ${idempotency_key_bytes_max} bytes`,
  ),
)

/** A file that a worker made: content-addressed, so that anybody can check it. */
export const ArtifactRef = Schema.Struct({
  path: Name,
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/iu)),
  size: Count,
  written_at: Time,
})
export type ArtifactRef = typeof ArtifactRef.Type

export const Artifacts = Schema.Record(Text, Text)
export const ArtifactRefs = Schema.Record(Text, ArtifactRef)

const made = { artifacts: Schema.optionalKey(Artifacts), artifact_refs: Schema.optionalKey(ArtifactRefs) }
/** Whether a text is a SHA-256: only then is it sure to be no secret. */
export const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/u.test(text)
/** The SHA-256 of the token; the token itself is in the claim's answer and nowhere else. */
const TokenDigest = Schema.String.check(
  Schema.makeFilter(
    (text: string) =>
      isDigest(text) ? true : "must be the SHA-256 of the token, 64 lowercase hex digits, and never the token",
    { arbitraryConstraint: { patterns: [{ source: "^[0-9a-f]{64}$", flags: "" }] } },
  ),
)
const held = { claim_token: TokenDigest, lease_epoch: Positive }

export const FailureFact = Schema.Struct({ code: Name, message: Text, retryable: Schema.Boolean })

const lifecycle = {
  accepted: {
    description: "A job was submitted and stands in the queue.",
    unique: "idempotency_key",
    payload: Schema.Struct({
      job_payload: Schema.JsonObject,
      job_type: Name,
      max_attempts: Positive,
      projection_targets: Names,
      idempotency_key: Schema.optionalKey(IdempotencyKey),
    }),
  },
  claimed: {
    description: "A worker holds the job until the lease ends; the epoch makes every earlier hold stale.",
    payload: Schema.Struct({ ...held, lease_expires_at: Time, attempt: Positive }),
  },
  heartbeat: {
    description: "The holder is alive, and holds on until the new end of its lease.",
    payload: Schema.Struct({ ...held, lease_expires_at: Time, ...made }),
  },
  lease_expired: {
    description: "The hold has ended without a result; the job waits to be claimed again.",
    // A ledger may hold a lease that never had a token; it has to end, too.
    payload: Schema.Struct({ claim_token: Text, lease_epoch: Count }),
  },
  completed: {
    description: "The holder says that the work is done.",
    payload: Schema.Struct({ ...held, result_status: Schema.Literal("succeeded"), ...made }),
  },
  failed: {
    description: "The holder gave up, or the attempts were used up.",
    payload: Schema.Struct({
      claim_token: Schema.optionalKey(TokenDigest),
      lease_epoch: Schema.optionalKey(Positive),
      failure: FailureFact,
      ...made,
    }),
  },
  cancelled: {
    description: "Somebody called the job off.",
    payload: Schema.Struct({ result_status: Schema.Literal("cancelled"), reason: Name }),
  },
} as const

const Targets = { payload: Schema.Struct({ projection_targets: Schema.optionalKey(Names) }) }

const projection = {
  marked_stale: { description: "The listed projections, or all, no longer show the ledger's end.", ...Targets },
  rebuilt: { description: "The listed projections, or all, are current again.", ...Targets },
} as const

const schedule = {
  created: {
    description: "A schedule exists from now on.",
    under: "schedule",
    payload: Schema.Struct({ name: Name, template: Schema.JsonObject }),
  },
  fired: {
    description: "A tick of a schedule is being submitted; the job id is the submission's.",
    payload: Schema.Struct({ name: Name, submission_id: Name, tick_at: Time }),
  },
  skipped: {
    description: "A tick of a schedule was passed over, and why.",
    under: "schedule",
    payload: Schema.Struct({ name: Name, reason: Name, tick_at: Time }),
  },
  deleted: {
    description: "A schedule no longer exists.",
    under: "schedule",
    payload: Schema.Struct({ name: Name, deleted_at: Time }),
  },
} as const

const agent_update = {
  phase_start: { description: "A run's phase began.", payload: Schema.JsonObject },
  phase_complete: { description: "A run's phase ended.", payload: Schema.JsonObject },
  criterion_verdict: { description: "A criterion of a run was judged.", payload: Schema.JsonObject },
  phase_handoff: { description: "A run's phase handed over to the next.", payload: Schema.JsonObject },
} as const

const opaque = { description: "Outside JobSpec v0; accepted and preserved.", payload: Schema.JsonObject } as const
const factory = {
  admission_decided: opaque,
  job_submitted: opaque,
  job_claimed: opaque,
  job_started: opaque,
  routing_decided: opaque,
  slot_allocated: opaque,
  worktree_allocated: opaque,
  validation_started: opaque,
  validation_completed: opaque,
  merge_decision: opaque,
  job_terminal: opaque,
  yield_observation: opaque,
} as const

/** The constructors of `job.*`; for the decider only. */
export const jobFacts = Vocabulary.make("job", lifecycle).facts
/** What operators write about projections. */
export const projectionFacts = Vocabulary.make("projection", projection).facts
/** What a scheduler writes. All but `fired` stand under the reserved id `schedule`. */
export const scheduleFacts = Vocabulary.make("schedule", schedule).facts
/** What an executor tells of a run under way. */
export const agentUpdateFacts = Vocabulary.make("agent_update", agent_update).facts
/** What a factory's executor tells; its payloads are its own. */
export const factoryFacts = Vocabulary.make("factory", factory).facts

/** Every event type of the contract with its payload's schema: the documentation of the vocabulary. */
export const event_types: ReadonlyArray<Vocabulary.FactDescription> = [
  jobFacts,
  projectionFacts,
  factoryFacts,
  scheduleFacts,
  agentUpdateFacts,
].flatMap((facts) => Object.values(facts))
