/**
 * How settling can be refused. None of these is a fact: nothing was recorded because of them.
 *
 * @module
 */
import type { HopError, PathRefused } from "@waybill/data-plane"
import type { AppendError, InvalidFact } from "@waybill/ledger"
import type { RecordRefusal } from "@waybill/workspace-job"
import { Data } from "effect"
import type { AgentError } from "../agent/Agent.ts"

/** The key was used for other work: its recorded request differs. Use a new key for new work. */
export class IdempotencyConflict extends Data.TaggedError("IdempotencyConflict")<{
  readonly idempotencyKey: string
  readonly field: "inputHash" | "terminalSchemaId"
  readonly recorded: string | undefined
  readonly declared: string | undefined
}> {
  override get message(): string {
    const { declared, field, idempotencyKey, recorded } = this
    return `the key ${JSON.stringify(idempotencyKey)} stands for a job whose ${field} is ${recorded ?? "absent"}, not ${declared ?? "absent"}`
  }
}

/** The declaration cannot be carried out as it stands. */
export class InvalidDeclaration extends Data.TaggedError("InvalidDeclaration")<{
  readonly field: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.field} ${this.reason}`
  }
}

/** Somebody else is at work on the run, and still is after `holdWait_ms`. Ask for the job's status, or wait longer. */
export class RunHeld extends Data.TaggedError("RunHeld")<{ readonly runId: string; readonly waited_ms: number }> {
  override get message(): string {
    return `somebody else is settling ${JSON.stringify(this.runId)}, and still was after ${this.waited_ms} ms`
  }
}

/** The hold could not be looked at. */
export class HoldFailed extends Data.TaggedError("HoldFailed")<{ readonly runId: string; readonly cause: unknown }> {
  override get message(): string {
    return `the hold on ${JSON.stringify(this.runId)} failed: ${this.cause instanceof Error ? this.cause.message : ""}`
  }
}

/**
 * All of them. Beside the ones above: the ledger refused or could not be reached (`AppendError`, `InvalidFact`,
 * `RecordRefusal`), the agent's records could not be read or written (`AgentError`), or the workspace could not be opened
 * for a repair (`HopError`, `PathRefused`). Ask again under the same key when the cause is gone.
 */
export type SettleError =
  | IdempotencyConflict
  | InvalidDeclaration
  | RunHeld
  | HoldFailed
  | RecordRefusal
  | AppendError
  | InvalidFact
  | AgentError
  | HopError
  | PathRefused
