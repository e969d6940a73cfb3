/**
 * The records of a run as they are read back: by shape, since whoever the run was could have written them.
 *
 * @module
 */
import { submit_reasons } from "@waybill/workspace-job"
import { Schema } from "effect"
import { join } from "node:path"
import type { AgentReceipt } from "./Agent.ts"
import { recordNames } from "./runFolder.ts"

const Identity = Schema.Struct({ pid: Schema.Int, start: Schema.String, kernel: Schema.String })
const Output = Schema.Struct({ bytes: Schema.Int, dropped_bytes: Schema.Int })
const Exit = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("code"), code: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("signal"), signal: Schema.String }),
])

export const Started = Schema.Struct({
  key: Schema.String,
  submitRunId: Schema.String,
  startedAt: Schema.String,
  wrapper: Schema.optionalKey(Identity),
})

export const AgentRecord = Schema.Struct({ leader: Identity })

export const Receipt = Schema.Struct({
  key: Schema.String,
  submitRunId: Schema.NonEmptyString,
  ok: Schema.Boolean,
  reason: Schema.optionalKey(Schema.Literals(submit_reasons)),
  exit: Schema.optionalKey(Exit),
  startedAt: Schema.optionalKey(Schema.String),
  endedAt: Schema.optionalKey(Schema.String),
  stdout: Schema.optionalKey(Output),
  stderr: Schema.optionalKey(Output),
  leftovers: Schema.optionalKey(Schema.Struct({ ended: Schema.Int, remaining: Schema.Array(Schema.Int) })),
  note: Schema.optionalKey(Schema.String),
})

/** The receipt that a record says; a run of which somebody is left is not one that ended well. */
export const toReceipt = (folder: string, record: typeof Receipt.Type): AgentReceipt => {
  const { endedAt, exit, key: _, leftovers, note, ok, reason, startedAt, stderr, stdout, submitRunId } = record
  const diagnostics = {
    ...(exit === undefined ? {} : { exit }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(stdout === undefined ? {} : { stdout: { path: join(folder, recordNames.stdout), ...stdout } }),
    ...(stderr === undefined ? {} : { stderr: { path: join(folder, recordNames.stderr), ...stderr } }),
    ...(leftovers === undefined ? {} : { leftovers }),
    ...(note === undefined ? {} : { note }),
  }
  if (ok && (leftovers === undefined || leftovers.remaining.length === 0)) return { submitRunId, ok, diagnostics }
  return { submitRunId, ok: false, reason: reason ?? "tool_error", diagnostics }
}

/** The same receipt, with these processes found to be left of the run as well. */
export const withRemaining = (receipt: AgentReceipt, pids: ReadonlyArray<number>): AgentReceipt => {
  if (pids.length === 0) return receipt
  const { diagnostics, submitRunId } = receipt
  const { ended = 0, remaining = [] } = diagnostics.leftovers ?? {}
  return {
    submitRunId,
    ok: false,
    reason: receipt.ok ? "tool_error" : receipt.reason,
    diagnostics: { ...diagnostics, leftovers: { ended, remaining: [...new Set([...remaining, ...pids])] } },
  }
}
