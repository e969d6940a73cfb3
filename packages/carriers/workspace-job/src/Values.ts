/**
 * The values that facts are made of. Each has its limit.
 *
 * @module
 */
import { refuseJobId } from "@waybill/ledger"
import { Schema } from "effect"
import { refusePath } from "./ArtifactPath.ts"

const checked = (refuse: (text: string) => string | undefined) =>
  Schema.makeFilter((text: string) => {
    const reason = refuse(text)
    return reason === undefined ? true : reason
  })

const wellFormed = checked((text) => (text.isWellFormed() ? undefined : "contains a lone surrogate"))

/** A label or an opaque reference: 1 to 1024 characters. */
export const Label = Schema.NonEmptyString.check(Schema.isMaxLength(1024), wellFormed)

/** Prose for people; may be empty. */
export const Prose = Schema.String.check(Schema.isMaxLength(16_384), wellFormed)

/** The product's id of a job, which is also its `job_id`: 1 to 256 bytes. */
export const RunId = Schema.String.check(checked(refuseJobId))

/** What makes asking twice the same as asking once. A repair attempt's key is the base key, `:repair:` and its index. */
export const IdempotencyKey = Schema.NonEmptyString.check(Schema.isMaxLength(512), wellFormed)

/** The `event_id` of a recorded fact; opaque. */
export const EventId = Schema.NonEmptyString.check(Schema.isMaxLength(1024), wellFormed)

/** A length in bytes; zero is legal. */
export const Bytes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

/** `sha256:` and 64 lowercase hex digits. */
export const Sha256 = Schema.String.check(Schema.isPattern(/^sha256:[0-9a-f]{64}$/u))

/** A workspace-virtual path; see `refusePath`. */
export const ArtifactPath = Schema.String.check(checked(refusePath))

/** A constant of the failure vocabulary: 1 to 128 of letters, digits, `_ . : -`. Never an exception's text. */
export const Symbolic = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.:-]{1,128}$/u))

/** The bytes that were hashed, verified and delivered: nothing else is. */
export const TerminalArtifact = Schema.Struct({
  artifactRef: Label,
  path: ArtifactPath,
  schemaId: Label,
  sha256: Sha256,
  bytes: Bytes,
})
export type TerminalArtifact = typeof TerminalArtifact.Type

export const Check = Schema.Struct({
  name: Label,
  status: Schema.Literals(["passed", "failed"]),
  message: Schema.optionalKey(Prose),
  proofRef: Schema.optionalKey(Label),
  fingerprint: Schema.optionalKey(Label),
})
/** One thing a verifier looked at. */
export type Check = typeof Check.Type

export const checks_max = 1000

const Attempt = Schema.Struct({
  index: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })),
  maxAttempts: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })),
  cause: Schema.Literals(["initial", "verifier_repair"]),
  repairOfRequestedEventId: Schema.optionalKey(EventId),
})
/** Which attempt this is, of how many, and what it repairs. */
export type AttemptNumber = typeof Attempt.Type

/** Attempt data whose parts agree with each other. */
export const AttemptNumber = Attempt.check(
  Schema.makeFilter((attempt: AttemptNumber) => {
    if (attempt.index > attempt.maxAttempts) return { path: ["index"], issue: "is beyond maxAttempts" }
    if ((attempt.cause === "initial") !== (attempt.index === 1))
      return { path: ["cause"], issue: "is initial for attempt 1 and only for attempt 1" }
    if ((attempt.cause === "verifier_repair") !== (attempt.repairOfRequestedEventId !== undefined))
      return {
        path: ["repairOfRequestedEventId"],
        issue: "names the repaired attempt for a repair and only for a repair",
      }
    return true
  }),
)

export const FailurePhase = Schema.Literals([
  "request",
  "seed",
  "submit",
  "collect_candidate",
  "finalize",
  "data_plane",
  "verify_infra",
  "projection",
])
/** The step of an attempt that could not be finished. `projection` is reserved. */
export type FailurePhase = typeof FailurePhase.Type

export const Failure = Schema.Struct({
  phase: FailurePhase,
  code: Symbolic,
  reason: Symbolic,
  retryable: Schema.optionalKey(Schema.Boolean),
})
/** Why an attempt ended without a verdict: constants only, nothing that was derived or caught. */
export type Failure = typeof Failure.Type
