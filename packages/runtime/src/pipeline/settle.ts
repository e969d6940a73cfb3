/**
 * Settling a job: from a declaration to a verdict, however often it is interrupted.
 *
 * @module
 */
import { type Call, DataPlane, type Destination, failureOf, ofRun } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import {
  type Attempt,
  attemptOf,
  byIdempotencyKey,
  deliverable,
  type Failure,
  failures,
  type Job,
  Jobs,
  type JobStatus,
  jobStatus,
  type NewJobFact,
  RunTaken,
  Settlement,
} from "@waybill/workspace-job"
import { Effect, Option, Result } from "effect"
import { createHash } from "node:crypto"
import { dirname } from "node:path"
import { Agent, type SubmitSpec } from "../agent/Agent.ts"
import { runAttempt } from "./attempt.ts"
import { type Composition, record, tell } from "./commit.ts"
import { checkDeclaration } from "./checkDeclaration.ts"
import type { Declared, JobDeclaration, Recovery, RepairContext } from "./Declaration.ts"
import { evaluate } from "./declared.ts"
import { IdempotencyConflict, InvalidDeclaration, noRoomIn, type SettleError } from "./Errors.ts"
import { hold, Holds } from "./Holds.ts"
import { guarded, type Observer } from "./Observer.ts"
import { recordedFact } from "./recorded.ts"
import { refuseBrokenHistory, refuseDamage } from "./soundness.ts"

/** What the host decides about settlements. */
export interface SettleOptions {
  /** Who is named as the facts' actor; `waybill` by default. */
  readonly actor?: string
  /** Where an artifact lies within its attempt's own place; `artifact` by default. */
  readonly terminalPath?: string
  readonly observe?: Observer
  /** How long to wait while somebody else works on the run; without end by default, 0 does not wait. The observer is told. */
  readonly holdWait_ms?: number
}

const requestIdOf = (key: string): string =>
  `req_${createHash("sha256").update(key, "utf8").digest("hex").slice(0, 24)}`

/** The job a key stands for, where it is known. */
const findByKey = (key: string) =>
  Effect.flatMap(Ledger, (ledger) => ledger.query(Jobs, (view) => byIdempotencyKey(view, key)))

const readJob = (runId: string) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.query(Jobs, (view): { readonly job: Job | undefined; readonly status: JobStatus } => ({
      job: view.get(runId),
      status: jobStatus(view, runId),
    })),
  )

/** Whether the recorded request is the one that is declared now. */
const checkSame = (job: JobDeclaration, attempt: Attempt) =>
  Effect.gen(function* () {
    for (const field of ["inputHash", "terminalSchemaId"] as const) {
      const recorded = attempt.request[field]
      const declared = job[field]
      if (recorded !== declared)
        return yield* new IdempotencyConflict({ idempotencyKey: job.idempotencyKey, field, recorded, declared })
    }
  })

const repairContext = (job: JobDeclaration, previous: Attempt, workspace: string): RepairContext | undefined => {
  const { terminal } = previous
  const readback = previous.artifactReadbackVerified?.payload
  if (terminal?.kind !== "verifier_rejected" || readback === undefined) return undefined
  const number = attemptOf(previous.request)
  const { artifactRef, bytes, path, schemaId, sha256 } = readback
  return {
    runId: previous.request.runId,
    candidatePath: job.candidatePath,
    workspace,
    attempt: {
      index: number.index + 1,
      maxAttempts: number.maxAttempts,
      cause: "verifier_repair",
      repairOfRequestedEventId: previous.requestedEventId,
    },
    previous: {
      requestedEventId: previous.requestedEventId,
      attempt: number,
      terminalArtifact: { artifactRef, path, schemaId, sha256, bytes },
      checks: terminal.payload.checks,
      reason: terminal.payload.summary ?? "verifier_rejected",
    },
  }
}

/** Whether the budget of a rejected attempt's job holds another one. */
const mayRepair = ({ recovery }: JobDeclaration, { request }: Attempt): boolean => {
  const { index, maxAttempts } = attemptOf(request)
  return recovery !== undefined && index < maxAttempts
}

type Decision =
  | { readonly kind: "repair" | "leave" }
  /** The next attempt is over before it begins. */
  | { readonly kind: "fail"; readonly failure: Failure; readonly detail: string }

/** Asks the product, where it wants to be asked. */
const decide = (job: JobDeclaration, shouldRepair: Recovery["shouldRepair"], context: RepairContext) =>
  shouldRepair === undefined
    ? Effect.succeed<Decision>({ kind: "repair" })
    : evaluate(() => shouldRepair(context), job.answerDeadline_ms ?? 300_000).pipe(
        Effect.map((repair): Decision => ({ kind: repair === true ? "repair" : "leave" })),
        Effect.catch(({ message }) =>
          Effect.succeed<Decision>({ kind: "fail", failure: failures.repair_decision_failed, detail: message }),
        ),
      )

/** Asks whether to repair, and records the next attempt if so. Answers whether there is one. */
const decideRepair = (job: JobDeclaration, current: Attempt, composition: Composition) =>
  Effect.gen(function* () {
    const { recovery } = job
    if (recovery === undefined || !mayRepair(job, current) || current.terminal === undefined) return false
    const attempt = attemptOf(current.request).index + 1
    const plane = yield* DataPlane
    const { runId } = current.request
    const opened = yield* Effect.result(plane.workspace(runId))
    const noRoom = Result.isFailure(opened) ? noRoomIn(runId, "repair", opened.failure) : undefined
    if (noRoom !== undefined) return yield* noRoom
    const context = repairContext(job, current, Result.isSuccess(opened) ? opened.success : "")
    if (context === undefined) return false
    // Without its workspace there is nothing to ask about: the repair fails as any attempt does whose workspace is no folder.
    const decision: Decision = Result.isSuccess(opened)
      ? yield* decide(job, recovery.shouldRepair, context)
      : { kind: "fail", failure: failureOf(opened.failure), detail: opened.failure.message }
    if (decision.kind === "leave") return false
    const requested = yield* recordedFact("requested", runId, current.requestedEventId)
    const rejected = yield* recordedFact("verifier_rejected", runId, current.terminal.eventId)
    const next = yield* record<NewJobFact>(Settlement.repair(requested, rejected), composition)
    const step = { kind: "step", attempt, step: "repair" } as const
    yield* tell(composition.observe, { ...step, state: "started", detail: context.previous.reason })
    if (decision.kind === "fail") {
      // The rejected attempt keeps its verdict; what failed ends the attempt that it was about.
      const { detail, failure } = decision
      yield* tell(composition.observe, { ...step, state: "failed", detail })
      const asked = yield* recordedFact("requested", runId, next.event_id)
      yield* record<NewJobFact>(Settlement.fail(asked, failure), composition)
    }
    return true
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
    yield* record<NewJobFact>(Settlement.fail(requested, failures.artifact_changed), composition)
  })

/** Creates the job, or finds the one that the key stands for. Answers the run id that is to be settled. */
const ensureJob = (job: JobDeclaration, maxAttempts: number, composition: Composition) =>
  Effect.gen(function* () {
    const { idempotencyKey, inputHash, inputRef, requestedBy, runId, terminalSchemaId, workspaceRef } = job
    const holder = yield* findByKey(idempotencyKey)
    if (holder.status === "found") return
    yield* refuseBrokenHistory(runId)
    yield* record<NewJobFact>(
      Settlement.request({
        runId,
        idempotencyKey,
        requestedBy,
        terminalSchemaId,
        maxAttempts,
        workspaceRef,
        inputRef,
        inputHash,
      }),
      composition,
    ).pipe(
      // Somebody else was faster with the same key: that job is ours too.
      Effect.catchTag("KeyTaken", () => Effect.void),
    )
  })

/**
 * Settles a job: asks for it, or joins it under its key, and works on it until it has a verdict or has failed.
 *
 * Settling a settled job answers with what is recorded and does nothing. While somebody else works on the run, this waits.
 * Interruption leaves the attempt resumable. Fails only with what is no fact: see {@link SettleError}.
 */
export const settleJob = (
  job: JobDeclaration,
  options: SettleOptions = {},
): Effect.Effect<JobStatus, SettleError, Ledger | DataPlane | Agent | Holds> =>
  Effect.gen(function* () {
    const { actor = "waybill", holdWait_ms = Number.POSITIVE_INFINITY, terminalPath = "artifact" } = options
    const maxAttempts = yield* checkDeclaration(job, { holdWait_ms, terminalPath })
    const composition: Composition = {
      actor,
      requestId: requestIdOf(job.idempotencyKey),
      terminalPath,
      observe: yield* guarded(options.observe ?? (() => {})),
    }
    yield* refuseDamage
    yield* ensureJob(job, maxAttempts, composition)
    const holder = yield* findByKey(job.idempotencyKey)
    if (holder.status === "missing")
      return yield* new RunTaken({ runId: job.runId, idempotencyKey: job.idempotencyKey })
    const { runId } = holder
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* hold(runId, holdWait_ms, (holder) =>
          tell(composition.observe, { kind: "waiting", runId, ...(holder === undefined ? {} : { holder }) }),
        )
        yield* refuseDamage
        // Here, because whoever resumes is the first to come by after a crash, whichever run it left half made.
        yield* Effect.flatMap(DataPlane, (plane) => plane.sweep)
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
      }),
    )
  })

/** The job's status as it is recorded now. That it is `verified` is not said by a ledger that is damaged: `LedgerDamaged`. */
export const statusOf = (runId: string) =>
  Effect.gen(function* () {
    const { status } = yield* readJob(runId)
    if (status.status === "verified") yield* refuseDamage
    return status
  })

/** The host's own folders that are known here: the ledger's, and those of the agents' records and of the holds. */
const ownFolders = Effect.gen(function* () {
  const { where } = yield* Ledger
  // A ledger in files lies where it says; what is no path names no folder.
  const ledgerFolder = where.includes("/") && !where.includes("://") ? dirname(where) : undefined
  const agent = Option.getOrUndefined(yield* Effect.serviceOption(Agent))
  const holds = Option.getOrUndefined(yield* Effect.serviceOption(Holds))
  return [ledgerFolder, agent?.folder, holds?.folder].filter((folder) => folder !== undefined)
})

/**
 * Delivers the artifact of a verified job; anything else is refused with `NotDeliverable`. A file may not lie in the ledger's own
 * folder either, nor in those of the agents' records and the holds, where these are provided. What is wrong with a sealed
 * artifact is said with its run, its digest and its place. What an earlier delivery that was killed left half made is removed.
 */
export const deliverJob = <E = never, R = never>(runId: string, destination: Destination<E, R>, call?: Call) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const artifact = yield* Effect.fromResult(deliverable(yield* statusOf(runId)))
    const guardedDestination: Destination<E, R> =
      "file" in destination
        ? { file: destination.file, reserved: [...(yield* ownFolders), ...(destination.reserved ?? [])] }
        : destination
    if ("file" in destination) yield* plane.sweep
    return yield* Effect.mapError(plane.deliver(artifact, guardedDestination, call), (error) => ofRun(runId, error))
  })
