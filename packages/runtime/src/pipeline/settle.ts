/**
 * Settling a job: from a declaration to a verdict, however often it is interrupted.
 *
 * @module
 */
import { DataPlane } from "@waybill/data-plane"
import type { Entropy } from "@waybill/host"
import { isTerminal, JobSpec, lease_ms_default } from "@waybill/jobspec"
import { Ledger, type RecordedFact } from "@waybill/ledger"
import { Jobs, type JobStatus, jobStatus } from "@waybill/workspace-job"
import { Clock, Effect } from "effect"
import { createHash } from "node:crypto"
import type { Agent } from "../agent/Agent.ts"
import type { LeaseLost } from "../worker/WorkQueue.ts"
import { askForJob } from "./askForJob.ts"
import { checkDeclaration } from "./checkDeclaration.ts"
import { type Composition, recordJobEnd, tell } from "./commit.ts"
import type { JobDeclaration } from "./Declaration.ts"
import type { SettleError } from "./Errors.ts"
import { hold, type Holds } from "./Holds.ts"
import { interruptAttempt } from "./interruptAttempt.ts"
import { guarded, type Observer } from "./Observer.ts"
import { underOwnJob } from "./ownJob.ts"
import { readJob } from "./readJob.ts"
import { mayRepair } from "./repair.ts"
import { endOf } from "./RunEnd.ts"
import { workersJob } from "./RunJob.ts"
import { refuseDamage } from "./soundness.ts"
import { checkSame, workOnRun } from "./workOnRun.ts"

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

/** The run and its job, at one position. */
const readBoth = (runId: string, { projections }: JobSpec.JobSpec) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.queryAll({ runs: Jobs, jobs: projections.queue }, ({ jobs, runs }) => {
      const job = jobs.get(runId)
      const isJobOpen = job?.created_at !== undefined && !isTerminal(job.status)
      return { state: runs.get(runId), status: jobStatus(runs, runId), isJobOpen }
    }),
  )

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
