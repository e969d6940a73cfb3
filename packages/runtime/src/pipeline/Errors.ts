/**
 * How settling can be refused. None of these is a fact: nothing was recorded because of them.
 *
 * @module
 */
import {
  type Anomaly,
  type AppendError,
  type CorruptRecord,
  type Damage,
  formatTime,
  type InvalidFact,
} from "@waybill/ledger"
import type { QueueRefusal } from "@waybill/jobspec"
import type { RecordRefusal } from "@waybill/workspace-job"
import { StorageFailed } from "@waybill/data-plane"
import { Data } from "effect"
import type { AgentError } from "../agent/Agent.ts"
import type { Holder } from "./Holder.ts"
import type { Step } from "./Observer.ts"

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

/**
 * The id stands for a job in the queue that asks for no terminal artifact, or whose type is not known here. Choose another run id, or
 * give the `jobspec` that knows the type.
 */
export class JobIsNoSettlement extends Data.TaggedError("JobIsNoSettlement")<{
  readonly runId: string
  readonly jobType: string
}> {
  override get message(): string {
    const { jobType, runId } = this
    return `${JSON.stringify(runId)} is a job of the type ${JSON.stringify(jobType)} in the queue, and nothing that could be settled: choose another run id`
  }
}

/** Somebody else is at work on the run, and still is after `holdWait_ms`. Ask for the job's status, or wait longer. */
export class RunHeld extends Data.TaggedError("RunHeld")<{
  readonly runId: string
  readonly waited_ms: number
  readonly holder?: Holder
}> {
  override get message(): string {
    const { holder, runId, waited_ms } = this
    const who = holder?.who ?? "somebody else"
    const since = holder === undefined ? "" : ` since ${formatTime(holder.since_ms)}`
    return `${who} is settling ${JSON.stringify(runId)}${since}, and still was after ${waited_ms} ms`
  }
}

/** The hold could not be looked at. */
export class HoldFailed extends Data.TaggedError("HoldFailed")<{ readonly runId: string; readonly cause: unknown }> {
  override get message(): string {
    return `the hold on ${JSON.stringify(this.runId)} failed: ${this.cause instanceof Error ? this.cause.message : ""}`
  }
}

/** What the host lacks, and what is to be done about it. */
const lacks = {
  ENOSPC: "Free space on that disk",
  EDQUOT: "Raise the quota, or free space",
  EMFILE: "Let this process open more files",
  ENFILE: "Let the system open more files",
  ENOMEM: "Free memory",
} as const
type Lack = keyof typeof lacks

/**
 * The host had no room for a step: on the disk, or for another open file. That says nothing about the work, so nothing was
 * recorded of it. Make room, and ask again under the same key: the settlement goes on from there.
 */
export class NoRoom extends Data.TaggedError("NoRoom")<{
  readonly runId: string
  readonly step: Step
  readonly code: Lack
  /** Names the path. */
  readonly cause: StorageFailed
}> {
  override get message(): string {
    const { cause, code, runId, step } = this
    return `the settlement of ${JSON.stringify(runId)} stopped at the step ${step}: ${cause.message}. Nothing was recorded of it. ${lacks[code]}, and ask again under the same key`
  }
}

/** The error of a host that lacks something; `undefined` for any other. */
export const noRoomIn = (runId: string, step: Step, error: unknown): NoRoom | undefined => {
  if (!(error instanceof StorageFailed)) return undefined
  const { code } = error.cause
  return Object.hasOwn(lacks, code) ? new NoRoom({ runId, step, code: code as Lack, cause: error }) : undefined
}

const shown_max = 5

/** Some of many, and how many more there are. */
const listed = (all: ReadonlyArray<string>): string => {
  const more = all.length - shown_max
  return `${all.slice(0, shown_max).join("; ")}${more > 0 ? `; and ${more} more` : ""}`
}

/**
 * The ledger has damage that nobody has acknowledged, so that what was recorded is not known for certain. Nothing was
 * appended. Put the file back from a copy, or acknowledge the damage (`repairLedger`), and ask again.
 */
export class LedgerDamaged extends Data.TaggedError("LedgerDamaged")<{
  readonly where: string
  readonly corrupt: ReadonlyArray<CorruptRecord>
  readonly damage: ReadonlyArray<Damage>
}> {
  override get message(): string {
    const { corrupt, damage, where } = this
    const records = corrupt.map(({ error, file, line_number, offset, position }) => {
      const at = offset === undefined ? "" : `, byte ${offset}`
      return `record ${position} (${file ?? where}, line ${line_number}${at}): ${error}`
    })
    const rest = damage.map(({ error, file }) => `${file}: ${error}`)
    return `the ledger ${where} is damaged, and nothing was added to it: ${listed([...records, ...rest])}. Put the file back from a copy, or acknowledge the damage with a repair, and ask again`
  }
}

/**
 * What is recorded of the run does not add up: a request or an end lies in the ledger that the fold could not take in, since
 * something before it is missing or was changed. Nothing was appended. Look at the facts that are named; put the ledger back
 * from a copy, or settle the work as a new run under a new key.
 */
export class HistoryBroken extends Data.TaggedError("HistoryBroken")<{
  readonly runId: string
  readonly where: string
  /** At least one. */
  readonly anomalies: ReadonlyArray<Anomaly>
}> {
  override get message(): string {
    const { anomalies, runId, where } = this
    const facts = anomalies.map(
      ({ code, detail, event_type, position }) =>
        `record ${position} (${event_type}): ${code}${detail === undefined ? "" : `, ${detail}`}`,
    )
    return `the history of ${JSON.stringify(runId)} in ${where} does not add up, and nothing was added to it: ${listed(facts)}. Put the ledger back from a copy, or settle the work as a new run`
  }
}

/**
 * All of them. Beside the ones above: the ledger refused or could not be reached (`AppendError`, `InvalidFact`,
 * `RecordRefusal`, `QueueRefusal`), or the agent's records could not be read or written (`AgentError`). Ask again under the same key when the
 * cause is gone.
 */
export type SettleError =
  | IdempotencyConflict
  | InvalidDeclaration
  | JobIsNoSettlement
  | RunHeld
  | HoldFailed
  | NoRoom
  | LedgerDamaged
  | HistoryBroken
  | RecordRefusal
  | QueueRefusal
  | AppendError
  | InvalidFact
  | AgentError
