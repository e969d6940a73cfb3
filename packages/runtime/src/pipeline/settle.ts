/**
 * Settling a job: from a declaration to a verdict, however often it is interrupted.
 *
 * @module
 */
import { type Call, DataPlane, type Destination, failureOf, ofRun } from "@waybill/data-plane"
import type { Entropy } from "@waybill/host"
import { isTerminal, JobSpec, lease_ms_default } from "@waybill/jobspec"
import { Ledger, type RecordedFact } from "@waybill/ledger"
import {
  type Attempt,
  attemptOf,
  deliverable,
  type Failure,
  failures,
  type Job,
  Jobs,
  type JobStatus,
  jobStatus,
  type NewJobFact,
  Settlement,
} from "@waybill/workspace-job"
import { Clock, Effect, Option, Result } from "effect"
import { createHash } from "node:crypto"
import { dirname } from "node:path"
import { Agent, type SubmitSpec } from "../agent/Agent.ts"
import { runAttempt } from "./attempt.ts"
import type { LeaseLost } from "../worker/WorkQueue.ts"
import { askForJob } from "./askForJob.ts"
import { type Composition, record, recordEnd, recordJobEnd, tell } from "./commit.ts"
import { checkDeclaration } from "./checkDeclaration.ts"
import type { Declared, JobDeclaration, Recovery, RepairContext } from "./Declaration.ts"
import { evaluate } from "./declared.ts"
import { IdempotencyConflict, InvalidDeclaration, noRoomIn, type SettleError } from "./Errors.ts"
import { hold, Holds } from "./Holds.ts"
import { guarded, type Observer } from "./Observer.ts"
import { interruptAttempt } from "./interruptAttempt.ts"
import { underOwnJob } from "./ownJob.ts"
import { recordedFact } from "./recorded.ts"
import { endOf } from "./RunEnd.ts"
import { workersJob } from "./RunJob.ts"
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
  /** The process's one binding of JobSpec; one of the contract's own types and no more by default. */
  readonly jobspec?: JobSpec.JobSpec
  /** How long the run's job is held without a heartbeat; 60 s by default, at least a second. */
  readonly lease_ms?: number
  /** How often a heartbeat is sent; 15 s by default. Must be less than the lease, and should be less than half of it. */
  readonly heartbeat_ms?: number
}

const requestIdOf = (key: string): string =>
  `req_${createHash("sha256").update(key, "utf8").digest("hex").slice(0, 24)}`

const readJob = (runId: string) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.query(Jobs, (view): { readonly job: Job | undefined; readonly status: JobStatus } => ({
      job: view.get(runId),
      status: jobStatus(view, runId),
    })),
  )

/** The run and its job, at one position. */
const readBoth = (runId: string, { projections }: JobSpec.JobSpec) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.queryAll({ runs: Jobs, jobs: projections.queue }, ({ jobs, runs }) => {
      const job = jobs.get(runId)
      const isJobOpen = job?.created_at !== undefined && !isTerminal(job.status)
      return { state: runs.get(runId), status: jobStatus(runs, runId), isJobOpen }
    }),
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
      yield* recordEnd(Settlement.fail(asked, failure), attemptOf(asked.payload), composition)
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
    const attempt = attemptOf(requested.payload)
    yield* recordEnd(Settlement.fail(requested, failures.artifact_changed), attempt, composition)
  })

/** Works on a run, whose hold and whose job are ours, until nothing is left to be done. */
const workOnRun = (job: JobDeclaration, runId: string, composition: Composition) =>
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

/** The binding of a process that has none of its own. */
const plain_jobspec = JobSpec.make()
const heartbeat_ms_default = 15_000

const begin = (job: JobDeclaration, options: SettleOptions) =>
  Effect.gen(function* () {
    const { actor = "waybill", holdWait_ms = Number.POSITIVE_INFINITY, terminalPath = "artifact" } = options
    const { heartbeat_ms = heartbeat_ms_default, jobspec = plain_jobspec, lease_ms = lease_ms_default } = options
    const terms = { jobspec, actor, lease_ms, heartbeat_ms }
    const { refusePlace } = yield* DataPlane
    const maxAttempts = yield* checkDeclaration(job, { holdWait_ms, terminalPath, refusePlace, ...terms })
    const observe = yield* guarded(options.observe ?? (() => {}))
    yield* refuseDamage
    return {
      holdWait_ms,
      maxAttempts,
      terms,
      composition: { actor, requestId: requestIdOf(job.idempotencyKey), terminalPath, observe },
    }
  })

/** Has the run to itself until the scope ends, and a ledger and a machine that are fit to go on with. */
const holdRun = (runId: string, holdWait_ms: number, observe: Observer) =>
  Effect.gen(function* () {
    yield* hold(runId, holdWait_ms, (holder) =>
      tell(observe, { kind: "waiting", runId, ...(holder === undefined ? {} : { holder }) }),
    )
    yield* refuseDamage
    // Here, because whoever resumes is the first to come by after a crash, whichever run it left half made.
    yield* Effect.flatMap(DataPlane, (plane) => plane.sweep)
  })

/** The run's job has ended, and not by the run: so does the attempt that is open. */
const whenJobHasEnded = (runId: string, composition: Omit<Composition, "job">) =>
  Effect.andThen(
    interruptAttempt(runId, composition),
    Effect.map(readJob(runId), ({ status }) => status),
  )

/**
 * Settles the run of a job that a worker has claimed, and leaves the job's own end to the worker. Fails with `LeaseLost` when
 * somebody else has the job by the time the attempt ends.
 */
export const settleClaimed = (
  job: JobDeclaration,
  claimed: { readonly job_id: string; readonly lease_epoch: number },
  options: SettleOptions,
): Effect.Effect<JobStatus, SettleError | LeaseLost, Ledger | DataPlane | Agent | Holds> =>
  Effect.gen(function* () {
    const { composition, holdWait_ms, maxAttempts, terms } = yield* begin(job, options)
    const runId = yield* askForJob(job, maxAttempts, undefined, composition)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* holdRun(runId, holdWait_ms, composition.observe)
        const held = workersJob(terms.jobspec, claimed)
        return yield* Effect.catchTag(workOnRun(job, runId, { ...composition, job: held }), "JobHasEnded", () =>
          whenJobHasEnded(runId, composition),
        )
      }),
    )
  })

/**
 * Settles a job: asks for it, or joins it under its key, and works on it until it has a verdict or has failed. The run is a job in
 * the ledger's queue (`settlement.run`), which this process claims for itself, and which ends with the run.
 *
 * Settling a settled job answers with what is recorded and does nothing. While somebody else works on the run, this waits.
 * Interruption leaves the attempt resumable, and gives the job back. When the job is cancelled, within a heartbeat the agent is
 * ended and the attempt with it, as `interrupted`. Fails only with what is no fact: see {@link SettleError}.
 */
export const settleJob = (
  job: JobDeclaration,
  options: SettleOptions = {},
): Effect.Effect<JobStatus, SettleError, Ledger | DataPlane | Agent | Holds | Entropy> =>
  Effect.gen(function* () {
    const { composition, holdWait_ms, maxAttempts, terms } = yield* begin(job, options)
    const runId = yield* askForJob(job, maxAttempts, terms.jobspec, composition)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* holdRun(runId, holdWait_ms, composition.observe)
        const { isJobOpen, state, status } = yield* readBoth(runId, terms.jobspec)
        if (state !== undefined) {
          yield* checkSame(job, state.earlier[0] ?? state.current)
          const mayGoOn =
            status.status === "verifier_rejected" ? mayRepair(job, state.current) : endOf(status) === undefined
          if (!mayGoOn && !(isJobOpen && endOf(status) !== undefined)) return status
        }
        const { observe } = composition
        const clock = yield* Clock.Clock
        const onRecorded = (fact: RecordedFact<string, unknown>) =>
          observe({ kind: "recorded", at_ms: clock.currentTimeMillisUnsafe(), fact })
        return yield* underOwnJob(runId, terms, onRecorded, (own) =>
          Effect.gen(function* () {
            const settling = { ...composition, job: own }
            const settled = yield* workOnRun(job, runId, settling)
            const end = endOf(settled)
            const after = yield* readBoth(runId, terms.jobspec)
            if (end !== undefined && after.isJobOpen) yield* recordJobEnd(end, settling)
            return settled
          }),
        ).pipe(
          Effect.catchTags({
            JobHasEnded: () => whenJobHasEnded(runId, composition),
            LeaseLost: (error) => Effect.die(error),
          }),
        )
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
