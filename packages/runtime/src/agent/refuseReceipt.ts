/**
 * Whether what an agent answered is a receipt: agents are a port, and what no fact could carry must not come this far.
 *
 * @module
 */
import { submit_reasons } from "@waybill/workspace-job"
import { Predicate } from "effect"

const id_length_max = 1024
const reasons: ReadonlySet<unknown> = new Set(submit_reasons)

/** Why it is no receipt, or `undefined` where it is one. */
export const refuseReceipt = (answer: unknown): string | undefined => {
  if (!Predicate.isObject(answer)) return "the agent answered without a receipt"
  const { diagnostics, ok, reason, submitRunId } = answer as { readonly [name: string]: unknown }
  if (typeof submitRunId !== "string" || submitRunId === "" || submitRunId.length > id_length_max)
    return `the receipt's submitRunId is no text of 1 to ${id_length_max} characters`
  if (!submitRunId.isWellFormed()) return "the receipt's submitRunId has a lone surrogate"
  if (!Predicate.isObject(diagnostics)) return "the receipt has no diagnostics"
  if (ok === true || (ok === false && reasons.has(reason))) return undefined
  return `the receipt says neither that the run is well nor a known reason why not: ${String(reason)}`
}
