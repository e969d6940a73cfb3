/**
 * One job, from its claim to its end, under a lease that is kept alive.
 *
 * @module
 */
import type { Report } from "@waybill/jobspec"
import { Cause, Clock, Effect, Exit, Fiber, Option } from "effect"
import { messageOf } from "../messageOf.ts"
import { type Executor, WorkFailed } from "./Executor.ts"
import { patiently, type Restore } from "./patiently.ts"
import type { WorkerObserver } from "./WorkerObserver.ts"
import { type Held, type JobFailed, LeaseLost, type ReportError } from "./WorkQueue.ts"

export interface WorkTerms {
  readonly lease_ms: number
  readonly heartbeat_ms: number
  readonly drain_ms: number
  readonly observe: WorkerObserver
}

/** A lease as its holder knows it: by its own clock, from before it asked. */
interface Lease {
  until_ms: number
}

/** A job that is held, and when the claim was asked for. */
export interface Claimed {
  readonly held: Held
  readonly claimed_ms: number
}

const message_length_max = 4000

/** Asks for as long as the lease lasts. After that the answer would be no, or somebody else's business. */
const whileHeld = <A, E>(held: Held, lease: Lease, observe: WorkerObserver, ask: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const left_ms = lease.until_ms - (yield* Clock.currentTimeMillis)
    const answer = yield* Effect.timeoutOption(patiently(ask, observe), Math.max(0, left_ms))
    if (Option.isSome(answer)) return answer.value
    const { job_id, lease_epoch } = held.job
    return yield* new LeaseLost({ job_id, lease_epoch, reason: "expired" })
  })

/** Sends heartbeats until the hold is lost; answers why it is. */
const keepAlive = (
  held: Held,
  lease: Lease,
  { heartbeat_ms, lease_ms, observe }: WorkTerms,
): Effect.Effect<LeaseLost> =>
  Effect.gen(function* () {
    for (;;) {
      yield* Effect.sleep(heartbeat_ms)
      const sent_ms = yield* Clock.currentTimeMillis
      yield* whileHeld(held, lease, observe, held.heartbeat(lease_ms))
      lease.until_ms = sent_ms + lease_ms
    }
  }).pipe(Effect.flip)

/** How an executor's work ended that was not interrupted by us, as the job's end. */
const failureOf = (cause: Cause.Cause<WorkFailed>): { readonly failure: JobFailed; readonly report: Report } => {
  const error = Cause.squash(cause)
  if (error instanceof WorkFailed) return { failure: error.failure, report: error.report ?? {} }
  const panicked = Cause.hasInterruptsOnly(cause) ? "it interrupted itself" : messageOf(error)
  return { failure: { message: `executor panicked: ${panicked}`.slice(0, message_length_max) }, report: {} }
}

/** Records the job's end. What cannot be recorded as it is ends the job too, with the reason. */
const record = (held: Held, lease: Lease, observe: WorkerObserver, exit: Exit.Exit<Report, WorkFailed>) => {
  const { job } = held
  const fail = (failure: JobFailed, report: Report): Effect.Effect<void, ReportError> =>
    Effect.andThen(
      held.fail(failure, report),
      Effect.sync(() => observe({ kind: "failed", job, failure })),
    )
  const ask: Effect.Effect<void, ReportError> = Exit.isSuccess(exit)
    ? Effect.andThen(
        held.complete(exit.value),
        Effect.sync(() => observe({ kind: "completed", job })),
      )
    : Effect.suspend(() => {
        const { failure, report } = failureOf(exit.cause)
        return fail(failure, report)
      })
  return whileHeld(
    held,
    lease,
    observe,
    Effect.catchTag(ask, "ReportRefused", ({ reason }) =>
      fail({ message: `the report cannot be recorded: ${reason}`.slice(0, message_length_max) }, {}),
    ),
  )
}

/**
 * Has a job worked on, and records its end; together with that, where nobody asked the worker to end, it asks for the next job
 * by `ahead` and answers with it. Never fails: whatever happens to one job is told, and the worker goes on.
 *
 * When the hold is lost, the work is interrupted and nothing is recorded. To be run within the uninterruptible region of the
 * claim, with its `restore`, so that no interruption comes between the two. On interruption, running work may end within
 * `drain_ms`, under its lease; then it is interrupted, and the job is handed back.
 */
export const workOn = <R>(
  { claimed_ms, held }: Claimed,
  executor: Executor<R>,
  terms: WorkTerms,
  restore: Restore,
  ahead: Effect.Effect<Claimed | undefined>,
): Effect.Effect<Claimed | undefined, never, R> =>
  Effect.gen(function* () {
    const { drain_ms, lease_ms, observe } = terms
    const { job } = held
    const lease: Lease = { until_ms: claimed_ms + lease_ms }
    let lost: LeaseLost | undefined
    let isDrained = false
    observe({ kind: "claimed", job })
    const work = yield* Effect.forkChild(Effect.suspend(() => executor.execute(job)))
    const pulse = yield* Effect.forkChild(
      Effect.flatMap(keepAlive(held, lease, terms), (why) => {
        lost = why
        return Fiber.interrupt(work)
      }),
    )
    const awaited = yield* Effect.exit(restore(Fiber.await(work)))
    if (Exit.isFailure(awaited)) {
      observe({ kind: "draining", job })
      const limit = yield* Effect.forkChild(
        Effect.andThen(
          Effect.sleep(drain_ms),
          Effect.suspend(() => {
            isDrained = true
            return Fiber.interrupt(work)
          }),
        ),
      )
      yield* Fiber.await(work)
      yield* Fiber.interrupt(limit)
    }
    const exit = yield* Fiber.await(work)
    yield* Fiber.interrupt(pulse)
    const isCut = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    const end = Effect.gen(function* () {
      if (lost !== undefined) return yield* lost
      if (!(isDrained && isCut)) return yield* record(held, lease, observe, exit)
      yield* whileHeld(held, lease, observe, held.release)
      observe({ kind: "released", job })
    })
    const recorded = Effect.catch(end, (error) =>
      Effect.gen(function* () {
        const reason = error._tag === "LeaseLost" ? error.reason : "expired"
        if (reason === "ended") yield* executor.onEnded?.(job) ?? Effect.void
        observe({ kind: "lost", job, reason })
      }),
    )
    const isAlone = lost !== undefined || Exit.isFailure(awaited)
    const [, next] = yield* Effect.all([recorded, isAlone ? Effect.undefined : ahead], { concurrency: "unbounded" })
    return next
  })
