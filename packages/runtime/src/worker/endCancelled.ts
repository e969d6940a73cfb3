/**
 * The other half of a cancellation: `job.cancelled` ends the job, and this ends the attempt that was open.
 *
 * @module
 */
import { Ledger } from "@waybill/ledger"
import { Jobs, type NewJobFact, Settlement, submitFailure } from "@waybill/workspace-job"
import { Effect } from "effect"
import { Agent } from "../agent/Agent.ts"
import { record } from "../pipeline/commit.ts"
import { Holds } from "../pipeline/Holds.ts"
import { recordedFact } from "../pipeline/recorded.ts"
import type { ClaimedJob } from "./WorkQueue.ts"

/**
 * Ends the agent run of the open attempt, if there is one, and records `failed` with phase submit and reason interrupted.
 * Whoever else holds the run is left to it. What goes wrong is logged: the job has ended all the same.
 */
export const endCancelled = (
  { job_id, request_id }: ClaimedJob,
  actor: string,
): Effect.Effect<void, never, Ledger | Agent | Holds> =>
  Effect.scoped(
    Effect.gen(function* () {
      const holds = yield* Holds
      const ledger = yield* Ledger
      const agent = yield* Agent
      if (!(yield* holds.tryHold(job_id))) return
      const current = yield* ledger.query(Jobs, (view) => view.get(job_id)?.current)
      if (current === undefined || current.terminal !== undefined) return
      const key = current.request.idempotencyKey
      // An attempt that has a receipt has no run left to end; one that never began is kept from beginning.
      if ((yield* agent.find(key)) === undefined) yield* agent.cancel(key)
      const requested = yield* recordedFact("requested", job_id, current.requestedEventId)
      yield* record<NewJobFact>(Settlement.fail(requested, submitFailure("interrupted")), {
        actor,
        requestId: request_id,
        terminalPath: "artifact",
        observe: () => {},
      })
    }),
  ).pipe(
    Effect.catchCause((cause) =>
      Effect.logError(`the open attempt of the cancelled job ${job_id} was not ended`, cause),
    ),
  )
