/**
 * Finding the recorded form of a fact whose id is known.
 *
 * @module
 */
import { Ledger, type StoreError } from "@waybill/ledger"
import { isJobFact, type Recorded, type StepName, WorkspaceJob } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"

/**
 * The fact of a run under this id. Costs the run's facts, not the ledger's. That it is not there, or is of another type, is
 * a defect: the id came from the ledger itself.
 */
export const recordedFact = <K extends StepName>(
  name: K,
  runId: string,
  eventId: string,
): Effect.Effect<Recorded<K>, StoreError, Ledger> =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const [event] = yield* ledger.readStream(runId).pipe(
      Stream.filter(({ event_id }) => event_id === eventId),
      Stream.take(1),
      Stream.runCollect,
    )
    const fact = event === undefined ? undefined : WorkspaceJob.decode(event)
    if (fact === undefined || !isJobFact(name, fact))
      return yield* Effect.die(new Error(`${eventId} is not a ${name} fact of the run ${runId}`))
    return fact
  })
