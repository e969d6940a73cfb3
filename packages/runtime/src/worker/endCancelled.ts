/**
 * What a worker leaves behind when its job was cancelled: no run at work, and no attempt open.
 *
 * @module
 */
import type { Ledger } from "@waybill/ledger"
import { Effect } from "effect"
import type { Agent } from "../agent/Agent.ts"
import { Holds } from "../pipeline/Holds.ts"
import { interruptAttempt } from "../pipeline/interruptAttempt.ts"
import type { ClaimedJob } from "./WorkQueue.ts"

/**
 * Ends the open attempt of a job that has ended, with its agent run. Whoever else holds the run is left to it. What goes wrong is
 * logged: the job has ended all the same.
 */
export const endCancelled = (
  { job_id, request_id }: ClaimedJob,
  actor: string,
): Effect.Effect<void, never, Ledger | Agent | Holds> =>
  Effect.scoped(
    Effect.gen(function* () {
      const holds = yield* Holds
      if (!(yield* holds.tryHold(job_id))) return
      yield* interruptAttempt(job_id, { actor, requestId: request_id, terminalPath: "artifact", observe: () => {} })
    }),
  ).pipe(
    Effect.catchCause((cause) =>
      Effect.logError(`the open attempt of the cancelled job ${job_id} was not ended`, cause),
    ),
  )
