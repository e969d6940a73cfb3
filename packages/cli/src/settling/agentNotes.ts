/**
 * Why an agent's run ended without work, as its own record says it: a fact holds a code alone.
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
import { redacted } from "./Redaction.ts"

/** The notes of the attempts that ended before there was anything to verify, by their number. One that cannot be read is warned of. */
export const agentNotes = (job: Job | undefined, place: Place, ctx: Context) =>
  Effect.gen(function* () {
    const agent = yield* Agent
    const notes = new Map<number, string>()
    for (const { request, terminal } of job === undefined ? [] : [...job.earlier, job.current]) {
      if (terminal?.kind !== "failed" || terminal.payload.failure.phase !== "submit") continue
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
      const said = note ?? how
      if (said !== undefined) notes.set(attemptOf(request).index, redacted(said, ctx.env))
    }
    return notes
  }).pipe(Effect.provide(layerCommandAgent({ root: join(ownFolder(place), "agent-runs") })), Effect.provide(machine))
