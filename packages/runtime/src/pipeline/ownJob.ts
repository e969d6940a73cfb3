/**
 * A run's job while this process settles the run by itself: claimed, kept under heartbeats, and given back when the run is left.
 *
 * Whoever settles a run has its hold (`Holds`), a lock that ends with its process and that nobody can have beside it. So a claim
 * that is still there belongs to a process that is gone, or to somebody who cannot settle the run: it is ended at once, and
 * nobody waits for its lease.
 *
 * @module
 */
import type { Entropy } from "@waybill/host"
import type { JobSpec, QueueCommand } from "@waybill/jobspec"
import { Ledger, type RecordedFact } from "@waybill/ledger"
import { Clock, Effect, Semaphore } from "effect"
import { type ClaimError, type HeldHere, type LedgerQueue, makeLedgerQueue } from "../worker/ledgerQueue.ts"
import type { Restore } from "../worker/patiently.ts"
import type { RunEnd } from "./RunEnd.ts"
import { holderStep, JobHasEnded, type RunJob } from "./RunJob.ts"

export interface OwnJobOptions {
  readonly jobspec: JobSpec.JobSpec
  readonly actor: string
  /** How long the job is held without a heartbeat. */
  readonly lease_ms: number
  readonly heartbeat_ms: number
}

type OnRecorded = (fact: RecordedFact<string, unknown>) => void

/** How long giving the job back may take; then its lease runs out by itself. */
const release_ms_max = 5_000

/** Claims the job, whoever has it. For whoever has the run's hold, and nobody else. */
const take = (
  queue: LedgerQueue,
  job_id: string,
  options: OwnJobOptions,
  onRecorded: OnRecorded,
): Effect.Effect<HeldHere, JobHasEnded | ClaimError, Ledger> =>
  Effect.catchTag(queue.claimHere(job_id, options.lease_ms), "NotClaimable", ({ reason }) =>
    Effect.gen(function* () {
      const { actor, jobspec } = options
      const ledger = yield* Ledger
      if (reason !== "held") {
        const job = yield* ledger.query(jobspec.projections.queue, (jobs) => jobs.get(job_id))
        return yield* new JobHasEnded({ job_id, status: job?.status ?? "failed" })
      }
      const now_ms = yield* Clock.currentTimeMillis
      const expire = { kind: "expire", job_id, now_ms, isHolderGone: true } as const
      for (const fact of yield* ledger.transact(jobspec.queue, expire, { actor })) onRecorded(fact)
      return yield* take(queue, job_id, options, onRecorded)
    }),
  )

const commandFor = ({ hold, job }: HeldHere, end: RunEnd, now_ms: number): QueueCommand => {
  const common = { job_id: job.job_id, hold, now_ms }
  return end.kind === "verified"
    ? { kind: "complete", ...common, ...end.report }
    : { kind: "fail", ...common, failure: { message: end.message } }
}

/**
 * Has a run worked on under its job. The work is interrupted when the job has ended, and this fails with `JobHasEnded`; a hold
 * that was lost in any other way is taken again, since nobody else can be at work on the run. However the work ends: a job that
 * has not ended is given back, so that nobody has to wait for its lease.
 */
export const underOwnJob = <A, E, R>(
  job_id: string,
  options: OwnJobOptions,
  onRecorded: OnRecorded,
  work: (job: RunJob) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | JobHasEnded | ClaimError, R | Ledger | Entropy> =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const queue = yield* makeLedgerQueue(options, onRecorded)
    const { heartbeat_ms, jobspec, lease_ms } = options
    const taking = yield* Semaphore.make(1)
    const taken = Effect.provideService(take(queue, job_id, options, onRecorded), Ledger, ledger)

    const use = (first: HeldHere, restore: Restore) => {
      let held = first
      /** Takes the job again, unless somebody here has done so already. */
      const retake = (lost: HeldHere) =>
        taking.withPermits(1)(
          Effect.suspend(() =>
            held === lost
              ? Effect.map(taken, (again) => {
                  held = again
                })
              : Effect.void,
          ),
        )
      const pulse = Effect.forever(
        Effect.gen(function* () {
          yield* Effect.sleep(heartbeat_ms)
          const beating = held
          yield* Effect.catchTag(beating.heartbeat(lease_ms), "LeaseLost", () => retake(beating)).pipe(
            // What the store refuses is said by the settlement's own appends; here it is asked again.
            Effect.catchIf(
              (error) => error._tag !== "JobHasEnded",
              () => Effect.void,
            ),
          )
        }),
      )
      const job: RunJob = {
        beside: (end) =>
          Effect.map(Clock.currentTimeMillis, (now_ms) => {
            const now = held
            const command = end === undefined ? undefined : commandFor(now, end, now_ms)
            const step = holderStep(jobspec, { job_id, lease_epoch: now.job.lease_epoch, command })
            return { step, retake: retake(now) }
          }),
      }
      const release = Effect.gen(function* () {
        const status = yield* ledger.query(jobspec.projections.queue, (jobs) => jobs.get(job_id)?.status)
        if (status === "running") yield* held.release
      })
      return restore(Effect.raceFirst(work(job), pulse)).pipe(
        Effect.ensuring(
          // What cannot be given back now is free when its lease has run out, or when somebody goes on with the run.
          Effect.ignore(Effect.timeoutOption(Effect.interruptible(release), release_ms_max)),
        ),
      )
    }
    return yield* Effect.uninterruptibleMask((restore) => Effect.flatMap(taken, (first) => use(first, restore)))
  })
