/**
 * Calls a job off: in the queue, at its agent, and in its open attempt.
 *
 * @module
 */
import type { CancelOutcome } from "@waybill/command"
import { Ledger } from "@waybill/ledger"
import { Agent, Holds } from "@waybill/runtime"
import { isJobFact, type Job, Jobs, recording, Settlement, submitFailure, WorkspaceJob } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { runHere } from "../Opening.ts"
import { settlementLayer } from "../Settlements.ts"
import type { Place } from "../Place.ts"
import { refuseDamaged } from "../keeping/damage.ts"
import { jobCommands, jobState, readJob } from "./JobDescription.ts"
import { jobSpecOf } from "./JobSpecHere.ts"

const origin = { actor: "waybill", requestId: "waybill-cancel" } as const

const eventsOf = (jobId: string) =>
  Effect.flatMap(Ledger, (ledger) => Effect.map(Stream.runCollect(ledger.readStream(jobId)), (events) => [...events]))

const find = (jobId: string) => Effect.map(eventsOf(jobId), (events) => readJob(jobId, events))

/** Ends the agent's run for good, and the attempt with it unless somebody is at work on it, who will then end it. */
const endAttempt = (runId: string, { current }: Job) =>
  Effect.gen(function* () {
    const agent = yield* Agent
    const holds = yield* Holds
    const ledger = yield* Ledger
    yield* agent.cancel(current.request.idempotencyKey)
    yield* Effect.scoped(
      Effect.gen(function* () {
        if (!(yield* holds.tryHold(runId))) return
        const events = yield* eventsOf(runId)
        const event = events.find(({ event_id }) => event_id === current.requestedEventId)
        const requested = event === undefined ? undefined : WorkspaceJob.decode(event)
        if (requested === undefined || !isJobFact("requested", requested)) return
        const fact = yield* Effect.fromResult(Settlement.fail(requested, submitFailure("interrupted")))
        // Whoever was faster has ended the attempt in another way; that stands.
        yield* Effect.catchTags(ledger.transact(recording, fact, origin), {
          AlreadySettled: () => Effect.succeed([]),
          StaleAttempt: () => Effect.succeed([]),
        })
      }),
    )
  })

/** Cancels the job; `undefined` when nobody asked for it. */
export const cancelJob = (jobId: string, place: Place, signal: AbortSignal): Promise<CancelOutcome | undefined> => {
  const program = Effect.gen(function* () {
    yield* refuseDamaged(yield* Ledger, place)
    const reading = yield* find(jobId)
    if (reading === undefined) return undefined
    const before = jobState(jobId, reading, place, Date.now())
    const isOver = before.descriptor.status !== "running" && before.error?.code !== "JOB_TIMEOUT"
    // A cancellation that was cut off has left its attempt open.
    if (isOver && reading.run.status !== "running") return { descriptor: before.descriptor, changed: false }
    const ledger = yield* Ledger
    if (reading.queue !== undefined)
      yield* ledger.transact(
        jobSpecOf().queue,
        { kind: "cancel", job_id: jobId, reason: "cancelled by waybill job cancel" },
        { actor: origin.actor },
      )
    const job = yield* ledger.query(Jobs, (view) => view.get(jobId))
    if (job !== undefined && job.current.terminal === undefined) yield* endAttempt(jobId, job)
    const after = readJob(jobId, yield* eventsOf(jobId))
    const own = { job_id: jobId, ...jobCommands(jobId, place) }
    // A run of before, that is no job: somebody is at work on its attempt, and will hear of its agent's end.
    const isRunning = after?.run.status === "running" && after.queue === undefined
    return {
      descriptor: { ...own, status: isRunning ? ("running" as const) : ("cancelled" as const) },
      changed: !isOver,
    }
  })
  return runHere(Effect.provide(program, settlementLayer(place)), signal)
}
