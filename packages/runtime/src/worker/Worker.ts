/**
 * A worker: claims jobs, has them executed under their leases, and records how they end (JobSpec v0 §15.3).
 *
 * @module
 */
import { refuseDuration } from "@waybill/host"
import { type Abilities, asksForArtifact, lease_ms_default, lease_ms_max } from "@waybill/jobspec"
import { Clock, Effect, Semaphore } from "effect"
import { guardedObserver } from "../guardedObserver.ts"
import { InvalidDeclaration } from "../pipeline/Errors.ts"
import type { Executor } from "./Executor.ts"
import { patiently, type Restore } from "./patiently.ts"
import { type Claimed, workOn, type WorkTerms } from "./workOn.ts"
import type { WorkerObserver } from "./WorkerObserver.ts"
import { type ClaimedJob, WorkQueue } from "./WorkQueue.ts"

export interface WorkerOptions<R = never> {
  /** Who does which type. The worker claims these types alone. */
  readonly executors: Readonly<Record<string, Executor<R>>>
  /**
   * Does the jobs of these types that ask for a terminal artifact. Without it they are left to workers that have this
   * ledger's data plane.
   */
  readonly settlement?: Executor<R>
  /** How many jobs at once; 1 by default. */
  readonly slots?: number
  /** How long a job is held without a heartbeat; 60 s by default. */
  readonly lease_ms?: number
  /** How often a heartbeat is sent; 15 s by default. Must be less than the lease, and should be less than half of it. */
  readonly heartbeat_ms?: number
  /** How long running work may go on when the worker is asked to end; 10 s by default, 0 hands it back at once. */
  readonly drain_ms?: number
  readonly observe?: WorkerObserver
}

const refuseOptions = (slots: number, { drain_ms, heartbeat_ms, lease_ms }: WorkTerms): string | undefined => {
  if (!Number.isInteger(slots) || slots < 1) return `slots is ${slots}, not a whole number from 1 on`
  for (const [name, value, from] of [
    ["lease_ms", lease_ms, 1],
    ["heartbeat_ms", heartbeat_ms, 1],
    ["drain_ms", drain_ms, 0],
  ] as const) {
    const refused = refuseDuration(value, { from })
    if (refused !== undefined) return `${name} ${refused}`
  }
  if (lease_ms > lease_ms_max) return `lease_ms is ${lease_ms}; the longest lease is ${lease_ms_max} ms`
  return heartbeat_ms < lease_ms
    ? undefined
    : `heartbeat_ms is ${heartbeat_ms}, not less than the lease of ${lease_ms} ms`
}

const heartbeat_ms_default = 15_000
const drain_ms_default = 10_000

/**
 * Runs a worker until it is interrupted. Interruption is how it is asked to end: no more jobs are claimed, and running work
 * ends within `drain_ms` or is handed back; then this ends. Nothing that happens to a job, a lease or the queue ends it: a
 * lost lease gives up the work, and a queue that cannot be asked is asked again later.
 *
 * One slot at a time looks for the next job, so that a new job wakes one and not all. Fails with `InvalidDeclaration` for
 * options that cannot work, before anything is claimed.
 *
 * @example
 * const worker = runWorker({ executors: { "report.build": yield* commandExecutor({ command: ["build-report"], root }) } })
 * yield* Effect.provide(worker, layerLedgerQueue({ jobspec }))
 */
export const runWorker = <R = never>(
  options: WorkerOptions<R>,
): Effect.Effect<never, InvalidDeclaration, WorkQueue | R> =>
  Effect.gen(function* () {
    const queue = yield* WorkQueue
    const { executors, settlement, slots = 1 } = options
    const observe = yield* guardedObserver(options.observe ?? (() => {}), "worker", ({ kind }) => kind)
    const { drain_ms = drain_ms_default, heartbeat_ms = heartbeat_ms_default, lease_ms = lease_ms_default } = options
    const terms: WorkTerms = { drain_ms, heartbeat_ms, lease_ms, observe }
    const reason = refuseOptions(slots, terms)
    if (reason !== undefined) return yield* new InvalidDeclaration({ field: "worker", reason })
    const abilities: Abilities = { job_types: Object.keys(executors), hasDataPlane: settlement !== undefined }
    const looking = yield* Semaphore.make(1)

    const executorOf = ({ job_type, payload }: ClaimedJob): Executor<R> => {
      const executor = asksForArtifact(payload) ? settlement : executors[job_type]
      return executor ?? { execute: () => Effect.die(new Error(`nobody here does ${job_type}`)) }
    }

    const claimBy = (claimNext: typeof queue.claimNext) =>
      Effect.gen(function* () {
        const claimed_ms = yield* Clock.currentTimeMillis
        const held = yield* claimNext(abilities, lease_ms)
        return held === undefined ? undefined : { claimed_ms, held }
      })
    const look = (restore: Restore) => Effect.andThen(restore(queue.awaitWork(abilities)), claimBy(queue.claimNext))
    const ahead =
      queue.claimAhead === undefined
        ? Effect.undefined
        : Effect.orElseSucceed(claimBy(queue.claimAhead), () => undefined)
    // Interrupted while it waits, and never between a claim and the work.
    const slot = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        let next: Claimed | undefined
        for (;;) {
          const found = next ?? (yield* looking.withPermits(1)(patiently(look(restore), observe, restore)))
          next =
            found === undefined ? undefined : yield* workOn(found, executorOf(found.held.job), terms, restore, ahead)
        }
      }),
    )
    return yield* Effect.andThen(
      Effect.forEach(Array(slots).keys(), () => slot, { concurrency: "unbounded", discard: true }),
      Effect.never,
    )
  })
