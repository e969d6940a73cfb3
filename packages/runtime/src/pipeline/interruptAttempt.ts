/**
 * The other half of a cancellation: the job has ended, and the attempt that is open ends, too.
 *
 * @module
 */
import { Ledger } from "@waybill/ledger"
import { Jobs, Settlement, submitFailure } from "@waybill/workspace-job"
import { Effect } from "effect"
import { Agent } from "../agent/Agent.ts"
import { type Composition, record } from "./commit.ts"
import { recordedFact } from "./recorded.ts"

/**
 * Ends the agent run of the open attempt, if there is one, and records `failed` with phase submit and reason interrupted. For
 * whoever has the run's hold. Does nothing where no attempt is open.
 */
export const interruptAttempt = (runId: string, composition: Omit<Composition, "job">) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const agent = yield* Agent
    const current = yield* ledger.query(Jobs, (view) => view.get(runId)?.current)
    if (current === undefined || current.terminal !== undefined) return
    const key = current.request.idempotencyKey
    // An attempt that has a receipt has no run left to end; one that never began is kept from beginning.
    yield* Effect.flatMap(agent.find(key), (receipt) =>
      receipt === undefined ? Effect.asVoid(agent.cancel(key)) : Effect.void,
    ).pipe(
      // Records that are damaged or gone stay so, and tell of no run that could be ended.
      Effect.catchIf(
        ({ code }) => code === "folder_damaged" || code === "run_missing",
        () => Effect.void,
      ),
    )
    const requested = yield* recordedFact("requested", runId, current.requestedEventId)
    yield* record(Settlement.fail(requested, submitFailure("interrupted")), composition)
  })
