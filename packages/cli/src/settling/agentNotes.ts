/**
 * Why attempts failed, as the agent's own record says it, or whoever settled: a fact holds a code alone.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { Agent, layerCommandAgent } from "@waybill/runtime"
import { attemptOf, type Job } from "@waybill/workspace-job"
import { Effect } from "effect"
import { join } from "node:path"
import { machine } from "../Ledgers.ts"
import { ownFolder, type Place } from "../Place.ts"
import { keptFailure } from "./failureNotes.ts"
import { redacted } from "./Redaction.ts"

/** What was said when the attempt failed. One that cannot be read is warned of. */
const kept = (place: Place, runId: string, attempt: number, ctx: Context): string | undefined => {
  try {
    return keptFailure(place, runId, attempt)
  } catch (cause) {
    ctx.warn("RECORD_UNREADABLE", cause instanceof Error ? cause.message : String(cause))
    return undefined
  }
}

/**
 * The notes of the attempts that failed, by their number: of those that ended before there was anything to verify what the agent's
 * own record says, of others what was said then. One that cannot be read is warned of.
 */
export const agentNotes = (job: Job | undefined, place: Place, ctx: Context) =>
  Effect.gen(function* () {
    const agent = yield* Agent
    const notes = new Map<number, string>()
    for (const { request, terminal } of job === undefined ? [] : [...job.earlier, job.current]) {
      if (terminal?.kind !== "failed") continue
      const { index } = attemptOf(request)
      if (terminal.payload.failure.phase !== "submit") {
        const said = kept(place, request.runId, index, ctx)
        if (said !== undefined) notes.set(index, redacted(said, ctx.env))
        continue
      }
      const receipt = yield* Effect.catch(agent.find(request.idempotencyKey), (error) =>
        Effect.sync(() => {
          ctx.warn("RECORD_UNREADABLE", error.message)
        }),
      )
      const { exit, note } = receipt?.diagnostics ?? {}
      const how =
        exit === undefined
          ? undefined
          : exit.kind === "code"
            ? `it exited with ${exit.code}`
            : `it was ended by ${exit.signal}`
      const said = note ?? how ?? kept(place, request.runId, index, ctx)
      if (said !== undefined) notes.set(index, redacted(said, ctx.env))
    }
    return notes
  }).pipe(Effect.provide(layerCommandAgent({ root: join(ownFolder(place), "agent-runs") })), Effect.provide(machine))
