/**
 * What can be asked of the queue (JobSpec v0 §5, §10).
 *
 * Time comes in as milliseconds since the epoch. Tokens come in as their SHA-256, since that is all a ledger may know.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import type { ConsumerNames } from "./ConsumerNames.ts"
import type { ArtifactRef } from "./Facts.ts"

/** How long a worker holds a job without a heartbeat. */
export const lease_ms_default = 60_000
export const lease_ms_max = 86_400_000

/** A worker's proof that it holds the job. */
export interface Hold {
  /** The SHA-256 of the token from the claim's answer, 64 lowercase hex digits. */
  readonly token_sha256: string
  readonly lease_epoch: number
}

/** What a worker has made, by name. */
export interface Report {
  readonly artifacts?: Readonly<Record<string, string>>
  readonly artifact_refs?: Readonly<Record<string, ArtifactRef>>
}

/** Asks for a job, once: the same key or id again finds the job that is there. */
export interface Submit {
  readonly kind: "submit"
  readonly job_type: string
  /** Trimmed; blank or absent: one is made. */
  readonly job_id?: string
  /** Trimmed. Absent or empty: one is made; blank: refused. */
  readonly request_id?: string
  /** As it is, at most 256 UTF-8 bytes; empty counts as absent. */
  readonly idempotency_key?: string
  readonly payload?: JsonObject
  /** How often the job may be claimed. */
  readonly max_attempts?: number
  /** Set for the consumer's trigger route: only triggerable types are taken. */
  readonly trigger?: ConsumerNames
}

/** Takes the first job that waits and that this worker can do. */
export interface ClaimNext {
  readonly kind: "claim_next"
  /** The types the worker can do; absent: all but those that are claimed by name. */
  readonly job_types?: ReadonlyArray<string>
  /** Whether the worker has this ledger's data plane: jobs that ask for a terminal artifact are for those alone. */
  readonly hasDataPlane?: boolean
  /** The SHA-256 of a new random token, 64 lowercase hex digits. The token itself goes to the worker alone. */
  readonly token_sha256: string
  /**
   * Whether this may have been asked before with the same token, and the answer been lost: then the job that the token holds is
   * the answer (`heldBy`), and nothing is recorded. Every claim needs a token of its own then.
   */
  readonly once?: boolean
  readonly now_ms: number
  readonly lease_ms?: number
}

/** Takes one job. */
export interface Claim {
  readonly kind: "claim"
  readonly job_id: string
  /** The SHA-256 of a new random token, 64 lowercase hex digits. The token itself goes to the worker alone. */
  readonly token_sha256: string
  /**
   * Whether this may have been asked before with the same token, and the answer been lost: then the job that the token holds is
   * the answer (`heldBy`), and nothing is recorded. Every claim needs a token of its own then.
   */
  readonly once?: boolean
  readonly now_ms: number
  readonly lease_ms?: number
}

interface ByHolder {
  readonly job_id: string
  readonly hold: Hold
  readonly now_ms: number
  /** Absent: the one the job was asked for under. */
  readonly request_id?: string
}

/** Says that the worker is alive: the lease runs from now. */
export interface Heartbeat extends ByHolder, Report {
  readonly kind: "heartbeat"
  readonly lease_ms?: number
}

/** Ends the job well. */
export interface Complete extends ByHolder, Report {
  readonly kind: "complete"
}

/** Ends the job badly, for good: `retryable` is information, and nothing is tried again. */
export interface Fail extends ByHolder, Report {
  readonly kind: "fail"
  readonly failure?: { readonly code?: string; readonly message?: string; readonly retryable?: boolean }
}

/** Calls the job off, whoever holds it. */
export interface Cancel {
  readonly kind: "cancel"
  /** Matched exactly as it is. */
  readonly job_id: string
  readonly reason?: string
  readonly request_id?: string
}

/**
 * Puts a job back to wait: one whose lease has passed or whose holder is gone, or, with the hold at hand, one that its worker
 * gives back before time. A job whose lease has passed and whose attempts are used up fails.
 */
export interface Expire {
  readonly kind: "expire"
  readonly job_id: string
  readonly now_ms: number
  readonly hold?: Hold
  /**
   * Whoever has the job is known, by other means than its lease, to work on it no more: the lease ends now. For a host that
   * keeps workers apart by a lock that ends with its process.
   */
  readonly isHolderGone?: boolean
}

export type QueueCommand = Submit | ClaimNext | Claim | Heartbeat | Complete | Fail | Cancel | Expire
