/**
 * How an append can be refused, and how a store can fail. Every error says what, where and what to do.
 *
 * @module
 */
import { Data } from "effect"

/** Another fact came first: a stream has moved on, or a unique key is taken. Read again and decide anew. */
export class Conflict extends Data.TaggedError("Conflict")<{
  readonly job_id: string
  readonly because:
    | { readonly kind: "position"; readonly expected: number; readonly actual: number }
    | { readonly kind: "unique_key"; readonly event_type: string; readonly value: string; readonly held_by: string }
}> {
  override get message(): string {
    const { because, job_id } = this
    return because.kind === "position"
      ? `job ${JSON.stringify(job_id)}: expected its last fact at position ${because.expected}, found ${because.actual}`
      : `${because.event_type}: the key ${JSON.stringify(because.value)} is held by ${because.held_by}`
  }
}

/** The caller asked for something that no ledger takes; asking again will not help. */
export class InvalidAppend extends Data.TaggedError("InvalidAppend")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

/** One fact's line would be longer than replay accepts. Keep large data in an artifact and record its digest. */
export class FactTooLarge extends Data.TaggedError("FactTooLarge")<{
  readonly event_type: string
  readonly job_id: string
  readonly bytes: number
  readonly bytes_max: number
}> {
  override get message(): string {
    return `${this.event_type} of job ${JSON.stringify(this.job_id)}: ${this.bytes} bytes, at most ${this.bytes_max}`
  }
}

/**
 * A write or a flush failed; what this process had not yet acknowledged is not recorded, unless `reason` says otherwise. The store
 * reopens by itself.
 */
export class StorePoisoned extends Data.TaggedError("StorePoisoned")<{
  readonly where: string
  readonly cause: unknown
  /** What is known of the outcome, and what to do, where it is not the usual. */
  readonly reason?: string
}> {
  override get message(): string {
    const usual = "a write failed, nothing was acknowledged; the store re-reads itself before the next append"
    return `${this.where}: ${this.reason ?? usual}`
  }
}

/** Somebody else holds the ledger and will not let go. */
export class StoreLocked extends Data.TaggedError("StoreLocked")<{ readonly where: string; readonly holder: string }> {
  override get message(): string {
    return `${this.where} is held by ${this.holder}`
  }
}

/** No space left. Nothing was recorded; free some space and append again. */
export class StoreFull extends Data.TaggedError("StoreFull")<{ readonly where: string }> {
  override get message(): string {
    return `${this.where}: no space left; nothing was recorded`
  }
}

/** The store must not be written, or not be opened, as it is. */
export class StoreRefused extends Data.TaggedError("StoreRefused")<{
  readonly where: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.where}: ${this.reason}`
  }
}

/** The store could not be reached or read. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{
  readonly where: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.where}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

export type StoreError = StorePoisoned | StoreLocked | StoreFull | StoreRefused | StoreUnavailable
export type AppendError = Conflict | InvalidAppend | FactTooLarge | StoreError
