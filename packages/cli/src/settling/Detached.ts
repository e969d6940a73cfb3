/**
 * What a detached runner and the call that started it say to each other.
 *
 * @module
 */
import type { Observer } from "@waybill/runtime"

/** Set for the runner; none of the programs that it starts sees it. */
export const detached_variable = "WAYBILL_DETACHED"

/** What a runner tells: of which run, and whether its job is in the ledger or somebody else is at work on it. */
export interface Told {
  readonly told: "recorded" | "waiting"
  readonly run_id: string
}

export const isTold = (value: unknown): value is Told =>
  typeof value === "object" &&
  value !== null &&
  "told" in value &&
  (value.told === "recorded" || value.told === "waiting") &&
  "run_id" in value &&
  typeof value.run_id === "string"

/** Tells the call that started this runner what happens in its settlement, until the job is in the ledger. */
export const tellStarter = (env: Readonly<Record<string, string | undefined>>): Observer => {
  let isTelling = env[detached_variable] === "1" && process.send !== undefined
  return (event) => {
    if (!isTelling || event.kind === "step") return
    const told: Told =
      event.kind === "recorded"
        ? { told: "recorded", run_id: event.fact.job_id }
        : { told: "waiting", run_id: event.runId }
    isTelling = told.told === "waiting"
    // The starter may be gone, which changes nothing for the runner.
    process.send?.(told, () => {
      if (told.told === "recorded" && process.connected) process.disconnect()
    })
  }
}
