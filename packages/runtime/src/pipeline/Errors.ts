/**
 * How settling can be refused. None of these is a fact: nothing was recorded because of them.
 *
 * @module
 */
import type { AppendError, InvalidFact } from "@waybill/ledger"
import type { RunTaken } from "@waybill/workspace-job"
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

/** Somebody else is at work on the run. */
export class RunHeld extends Data.TaggedError("RunHeld")<{ readonly runId: string }> {
  override get message(): string {
    return `somebody else is settling ${JSON.stringify(this.runId)}`
  }
}

/** The hold could not be looked at. */
export class HoldFailed extends Data.TaggedError("HoldFailed")<{ readonly runId: string; readonly cause: unknown }> {
  override get message(): string {
    return `the hold on ${JSON.stringify(this.runId)} failed: ${this.cause instanceof Error ? this.cause.message : ""}`
  }
}

/** The agent's own records could not be read or written; ask again when they can. */
export type SettleError =
  | IdempotencyConflict
  | InvalidDeclaration
  | RunHeld
  | HoldFailed
  | RunTaken
  | AppendError
  | InvalidFact
  | AgentError
