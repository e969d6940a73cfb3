/**
 * What becomes of a settlement that is cut off: by Ctrl-C, by a signal, or because its time is up.
 *
 * @module
 */
import type { SettlementEvent } from "@waybill/runtime"
import { commandAbout, type Place, runIdFlag } from "../Place.ts"

/** Where it is: nothing is recorded, or all is; somebody else is at work; the agent is; or nobody is but this call. */
export type Standing = "nothing" | "elsewhere" | "agent" | "here"

const ends: ReadonlySet<string> = new Set(["job.completed", "job.failed", "job.cancelled"])

/** Where a settlement is after one more thing has happened. */
export const standingAfter = (before: Standing, event: SettlementEvent): Standing => {
  if (event.kind === "waiting") return "elsewhere"
  if (event.kind === "step") {
    if (event.step !== "agent") return "here"
    return event.state === "started" || event.state === "progress" ? "agent" : "here"
  }
  if (ends.has(event.fact.event_type)) return "nothing"
  return before === "agent" ? "agent" : "here"
}

/** What whoever cuts it off has to know; `undefined` where there is nothing to go on with. */
export const leftWords = (
  standing: Standing,
  runId: string,
  place: Place,
): { readonly code: string; readonly message: string } | undefined => {
  if (standing === "nothing") return undefined
  const again = `Make the same call with ${runIdFlag(runId)}`
  const look = `see where it stands with: ${commandAbout(runId, place, "job", "status")}`
  if (standing === "agent")
    return {
      code: "RUN_GOES_ON",
      message: `The agent of run ${runId} goes on by itself. ${again} to wait for its verdict; ${look}`,
    }
  if (standing === "elsewhere")
    return {
      code: "RUN_GOES_ON",
      message: `Run ${runId} goes on elsewhere: this call only waited. ${again} to wait again; ${look}`,
    }
  return {
    code: "RUN_LEFT",
    message: `Nobody works on run ${runId} now; what was done is kept. ${again} to go on from there.`,
  }
}
