/**
 * Why an agent's run ended as it did, for people.
 *
 * @module
 */
import type { AgentReceipt, KeptOutput } from "./Agent.ts"

const keptAt = (name: string, output: KeptOutput | undefined): ReadonlyArray<string> => {
  if (output === undefined || output.bytes === 0) return []
  const dropped = output.dropped_bytes === 0 ? "" : `, ${output.dropped_bytes} more were dropped`
  return [`its ${name} is in ${output.path} (${output.bytes} bytes${dropped})`]
}

/** The reason, how the program ended, and where what it said is kept. What it said itself may hold secrets, and is not in it. */
export const explainReceipt = (receipt: AgentReceipt): string => {
  const { exit, leftovers, note, stderr, stdout } = receipt.diagnostics
  const how =
    exit === undefined ? [] : [exit.kind === "code" ? `it exited with ${exit.code}` : `it was ended by ${exit.signal}`]
  const left = leftovers?.remaining.length ?? 0
  return [
    receipt.ok ? "ok" : receipt.reason,
    ...(note === undefined ? [] : [note]),
    ...how,
    ...(left === 0 ? [] : [`${left} of its processes could not be ended`]),
    ...keptAt("standard error", stderr),
    ...keptAt("standard output", stdout),
  ].join("; ")
}
