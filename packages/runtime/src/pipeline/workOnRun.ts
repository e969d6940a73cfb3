/**
 * Working on a run that is held: attempt after attempt, until nothing is left to be done.
 *
 * @module
 */
import { Effect } from "effect"
import { type Attempt, attemptOf, failures, type Job, Settlement } from "@waybill/workspace-job"
import type { SubmitSpec } from "../agent/Agent.ts"
import { runAttempt } from "./attempt.ts"
import { type Composition, recordEnd } from "./commit.ts"
import type { Declared, JobDeclaration } from "./Declaration.ts"
import { IdempotencyConflict, InvalidDeclaration } from "./Errors.ts"
import { readJob } from "./readJob.ts"
import { recordedFact } from "./recorded.ts"
import { decideRepair, mayRepair, repairContext } from "./repair.ts"
import { refuseBrokenHistory } from "./soundness.ts"

/** Whether the recorded request is the one that is declared now. */
export const checkSame = (job: JobDeclaration, attempt: Attempt) =>
  Effect.gen(function* () {
    for (const field of ["inputHash", "terminalSchemaId"] as const) {
      const recorded = attempt.request[field]
      const declared = job[field]
      if (recorded !== declared)
        return yield* new IdempotencyConflict({ idempotencyKey: job.idempotencyKey, field, recorded, declared })
    }
  })

const submitOf = (job: JobDeclaration, current: Attempt, earlier: ReadonlyArray<Attempt>) =>
  Effect.gen(function* () {
    if (attemptOf(current.request).cause === "initial")
      return (workspace: string): Declared<SubmitSpec> =>
        job.submit({ runId: current.request.runId, candidatePath: job.candidatePath, workspace })
    const { recovery } = job
    const previous = earlier.at(-1)
    if (recovery === undefined || previous === undefined)
      return yield* new InvalidDeclaration({
        field: "recovery",
        reason: "is not declared, and the job is in a repair attempt",
      })
    return (workspace: string): Declared<SubmitSpec> => {
      const context = repairContext(job, previous, workspace)
      if (context === undefined) throw new Error("the rejected attempt cannot be read")
      return recovery.submit(context)
    }
  })

/** How far a job is: another attempt, another step or an end makes it differ. */
const progressOf = ({ current }: Job): string => {
  const { artifactReadbackVerified, artifactWritten, seedWritten, terminal, terminalBuildAttempted } = current
  const steps = [
    seedWritten,
    terminalBuildAttempted,
    artifactWritten,
    artifactReadbackVerified,
    current.terminalFinalized,
  ]
  return [current.requestedEventId, ...steps.map((step) => step?.eventId), terminal?.eventId].join(" ")
}

/**
 * Ends an attempt whose recorded steps contradict each other, so that no step has a place behind them: it would be refused
 * again and again. An attempt that somebody else has taken further is left alone.
 */
const endPoisoned = (seen: Job, composition: Composition) =>
  Effect.gen(function* () {
    const { runId } = seen.current.request
    const { job: now } = yield* readJob(runId)
    if (now === undefined || progressOf(now) !== progressOf(seen)) return
    const requested = yield* recordedFact("requested", runId, seen.current.requestedEventId)
    const attempt = attemptOf(requested.payload)
    yield* recordEnd(Settlement.fail(requested, failures.artifact_changed), attempt, composition)
  })

/** Works on a run, whose hold and whose job are ours, until nothing is left to be done. */
export const workOnRun = (job: JobDeclaration, runId: string, composition: Composition) =>
  Effect.gen(function* () {
    for (;;) {
      const { job: state, status } = yield* readJob(runId)
      if (state === undefined) return status
      yield* checkSame(job, state.earlier[0] ?? state.current)
      if (status.status === "verified" || status.status === "failed") return status
      if (status.status === "verifier_rejected") {
        if (!mayRepair(job, state.current)) return status
        yield* refuseBrokenHistory(runId)
        if (!(yield* decideRepair(job, state.current, composition))) return status
        continue
      }
      yield* refuseBrokenHistory(runId)
      const submit = yield* submitOf(job, state.current, state.earlier)
      yield* runAttempt(job, state.current, state.earlier.at(-1), submit, composition).pipe(
        // The ledger is ahead of what we read, so read it again; or what it holds can never be joined by a verdict.
        Effect.catchTags({
          StaleAttempt: () => endPoisoned(state, composition),
          AlreadySettled: () => Effect.void,
        }),
      )
    }
  })
