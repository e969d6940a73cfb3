/**
 * How the queue refuses, in the contract's words (JobSpec v0 §4, §10.7).
 *
 * @module
 */
import { Data } from "effect"

/** The job type is missing or nobody registered it. */
export class InvalidJobType extends Data.TaggedError("InvalidJobType")<{ readonly job_type: string }> {
  override get message(): string {
    return `invalid job type ${JSON.stringify(this.job_type)}`
  }
}

/** A known field of the payload has the wrong JSON type, or the payload cannot be recorded at all. */
export class InvalidPayload extends Data.TaggedError("InvalidPayload")<{
  readonly job_type: string
  readonly detail: string
}> {
  override get message(): string {
    return `daemon queue: invalid job payload: ${this.job_type} payload: ${this.detail}`
  }
}

/** The idempotency key is too long. */
export class KeyTooLong extends Data.TaggedError("KeyTooLong")<{
  readonly max_bytes: number
  readonly got_bytes: number
}> {
  override get message(): string {
    return "idempotency_key exceeds MaxIdempotencyKeyBytes"
  }
}

/** The idempotency key holds a lone surrogate, which no line could carry. */
export class InvalidKey extends Data.TaggedError("InvalidKey")<{ readonly reason: string }> {
  override get message(): string {
    return `idempotency_key ${this.reason}`
  }
}

/** The request id was sent but is blank, holds white space or is too long. */
export class InvalidRequestId extends Data.TaggedError("InvalidRequestId")<{
  readonly request_id: string
  readonly because: "blank" | "whitespace" | "too long" | "lone surrogate"
}> {
  override get message(): string {
    switch (this.because) {
      case "blank":
        return "request_id is required"
      case "whitespace":
        return `request_id ${JSON.stringify(this.request_id)} must not contain whitespace`
      case "too long":
        return `request_id is longer than ${request_id_bytes_max} bytes`
      case "lone surrogate":
        return "request_id contains a lone surrogate"
    }
  }
}

/** Longer ones are refused, in UTF-8 bytes: they are part of every line of their job. */
export const request_id_bytes_max = 256

/** The job id is reserved, or no job may bear it. */
export class InvalidJobId extends Data.TaggedError("InvalidJobId")<{
  readonly job_id: string
  readonly reason: string
}> {
  override get message(): string {
    return this.reason === "is reserved" ? `job_id ${JSON.stringify(this.job_id)} is reserved` : `job_id ${this.reason}`
  }
}

/** A cancellation names no job. */
export class JobIdRequired extends Data.TaggedError("JobIdRequired") {
  override get message(): string {
    return "job_id is required"
  }
}

/** The consumer's trigger may not submit this type. */
export class JobTypeNotAllowed extends Data.TaggedError("JobTypeNotAllowed")<{
  readonly job_type: string
  readonly surface: string
}> {
  override get message(): string {
    return `job_type is not allowlisted for ${this.surface} trigger`
  }
}

/** No job of this id was accepted. */
export class JobNotFound extends Data.TaggedError("JobNotFound")<{ readonly job_id: string }> {
  override get message(): string {
    return "daemon queue: job not found"
  }
}

/** The job has ended, or is none that a worker could claim. */
export class NoClaimableJobs extends Data.TaggedError("NoClaimableJobs")<{ readonly job_id: string }> {
  override get message(): string {
    return "daemon queue: no claimable jobs"
  }
}

/** Somebody holds the job; try again when the lease has ended. */
export class AlreadyClaimed extends Data.TaggedError("AlreadyClaimed")<{
  readonly job_id: string
  readonly lease_expires_at: string | undefined
}> {
  override get message(): string {
    return "daemon queue: job already claimed"
  }
}

/** The token of a claim holds another job. A token is for one job; take a new one. */
export class TokenInUse extends Data.TaggedError("TokenInUse")<{ readonly job_id: string }> {
  override get message(): string {
    return `the token holds ${JSON.stringify(this.job_id)} already: each claim takes a token of its own`
  }
}

/** The hold is another's, or was one's own once. Stop the work: its result will not be taken. */
export class LeaseMismatch extends Data.TaggedError("LeaseMismatch")<{
  readonly job_id: string
  readonly lease_epoch: number
}> {
  override get message(): string {
    return "daemon queue: claim token or lease epoch mismatch"
  }
}

/** The lease has run out, though nobody has claimed the job since. Claim it again. */
export class LeaseExpired extends Data.TaggedError("LeaseExpired")<{
  readonly job_id: string
  readonly lease_expires_at: string | undefined
}> {
  override get message(): string {
    return "daemon queue: lease expired"
  }
}

/** The failure code is none of the contract's and none the host registered. */
export class InvalidFailureCode extends Data.TaggedError("InvalidFailureCode")<{
  readonly code: string
  readonly codes: ReadonlyArray<string>
}> {
  override get message(): string {
    return `invalid failure code ${JSON.stringify(this.code)}: want one of ${this.codes.join(", ")}`
  }
}

/** A worker's report cannot be recorded: an artifact reference, a time or a text that no reader would take. */
export class InvalidReport extends Data.TaggedError("InvalidReport")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

export type QueueRefusal =
  | InvalidJobType
  | InvalidPayload
  | KeyTooLong
  | InvalidKey
  | InvalidRequestId
  | InvalidJobId
  | JobIdRequired
  | JobTypeNotAllowed
  | JobNotFound
  | NoClaimableJobs
  | AlreadyClaimed
  | TokenInUse
  | LeaseMismatch
  | LeaseExpired
  | InvalidFailureCode
  | InvalidReport

/** The body of an error answer (JobSpec v0 §4): the text, and the limits where one was exceeded. */
export const errorBody = (refusal: {
  readonly message: string
}): { readonly error: string; readonly max_bytes?: number; readonly got_bytes?: number } =>
  refusal instanceof KeyTooLong
    ? { error: refusal.message, max_bytes: refusal.max_bytes, got_bytes: refusal.got_bytes }
    : { error: refusal.message }

/**
 * The HTTP status that belongs to each refusal: the contract's where it has a route for it, and 409 for what a worker is
 * refused because of the state its job is in.
 */
export const refusal_statuses: Readonly<Record<QueueRefusal["_tag"], 400 | 404 | 409>> = {
  InvalidJobType: 400,
  InvalidPayload: 400,
  KeyTooLong: 400,
  InvalidKey: 400,
  InvalidRequestId: 400,
  InvalidJobId: 400,
  JobIdRequired: 400,
  JobTypeNotAllowed: 400,
  InvalidFailureCode: 400,
  InvalidReport: 400,
  JobNotFound: 404,
  NoClaimableJobs: 409,
  AlreadyClaimed: 409,
  TokenInUse: 409,
  LeaseMismatch: 409,
  LeaseExpired: 409,
}
