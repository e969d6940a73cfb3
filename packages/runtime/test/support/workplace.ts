/**
 * A queue in memory on a clock that the test moves, and a worker on it.
 */
import { layerSeededEntropy } from "@waybill/host"
import { JobSpec, leaseEnd_ms, type QueueJob, type Submit, vocabularies } from "@waybill/jobspec"
import { Ledger, type LedgerShape, type Store } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, type Duration, Effect, Layer, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Executor, layerLedgerQueue, type WorkerEvent, type WorkQueue } from "../../src/index.ts"

export const jobspec = JobSpec.make({ jobTypes: [{ name: "test.work" }] })

/** A queue to test a worker on, on a clock that stands still until it is moved. */
export interface Desk {
  readonly name: string
  readonly atWork: <A, E>(
    effect: Effect.Effect<A, E, Ledger | WorkQueue | Scope.Scope>,
    store?: Effect.Effect<Store>,
  ) => Promise<A>
  /** Moves the clock, and lets everything happen that is due. */
  readonly advance: (by: Duration.Input) => Effect.Effect<void>
}

const atWork: Desk["atWork"] = (effect, store = makeMemoryStore()) =>
  Effect.runPromise(
    Effect.scoped(effect).pipe(
      Effect.provide(
        layerLedgerQueue({ jobspec }).pipe(
          Layer.provideMerge(Ledger.layer(store, vocabularies)),
          Layer.provide(layerSeededEntropy(1)),
        ),
      ),
      Effect.provide(TestClock.layer()),
    ),
  )

/** Workers on the ledger itself. */
export const ledgerDesk: Desk = { name: "a ledger", atWork, advance: TestClock.adjust }

export const submit = (job_id: string, more: Partial<Submit> = {}) =>
  Effect.flatMap(Ledger, (ledger: LedgerShape) =>
    ledger.transact(jobspec.queue, { kind: "submit", job_type: "test.work", job_id, ...more }, { actor: "a test" }),
  )

export const cancel = (job_id: string) =>
  Effect.flatMap(Ledger, (ledger) => ledger.transact(jobspec.queue, { kind: "cancel", job_id }, { actor: "a test" }))

export const jobNow = (job_id: string) =>
  Effect.flatMap(Ledger, (ledger) => ledger.query(jobspec.projections.queue, (view) => view.get(job_id)))

export const leaseLeft_ms = (job: QueueJob | undefined, now_ms: number): number =>
  job === undefined ? 0 : leaseEnd_ms(job) - now_ms

/** The types of all facts of a job, in order. */
export const factsOf = (job_id: string) =>
  Effect.flatMap(Ledger, (ledger) =>
    Effect.map(Stream.runCollect(ledger.readStream(job_id)), (events) => events.map(({ event_type }) => event_type)),
  )

/** What a worker tells, and a way to wait for it without a clock. */
export const listener = () => {
  const events: Array<WorkerEvent> = []
  const waiting: Array<{ readonly matches: (event: WorkerEvent) => boolean; readonly seen: Deferred.Deferred<void> }> =
    []
  return {
    events,
    kinds: () => events.map(({ kind }) => kind),
    observe: (event: WorkerEvent): void => {
      events.push(event)
      for (const { matches, seen } of waiting) if (matches(event)) Deferred.doneUnsafe(seen, Effect.void)
    },
    until: (kind: WorkerEvent["kind"], job_id?: string) =>
      Effect.gen(function* () {
        const matches = (event: WorkerEvent) =>
          event.kind === kind && (job_id === undefined || ("job" in event && event.job.job_id === job_id))
        if (events.some(matches)) return
        const seen = yield* Deferred.make<void>()
        waiting.push({ matches, seen })
        yield* Deferred.await(seen)
      }),
  }
}

/** Work that begins, and goes on until the test lets it end. */
export const heldUp = () =>
  Effect.gen(function* () {
    const mayEnd = yield* Deferred.make<void>()
    const interrupted: Array<string> = []
    const executor: Executor = {
      execute: ({ job_id }) =>
        Deferred.await(mayEnd).pipe(
          Effect.as({ artifacts: { made: job_id } }),
          Effect.onInterrupt(() => Effect.sync(() => interrupted.push(job_id))),
        ),
    }
    return { executor, interrupted, letEnd: Deferred.succeed(mayEnd, undefined) }
  })
