/**
 * The queue of a ledger, in the shape of the others.
 *
 * @module
 */
import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type Store } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { makePostgresStore } from "@waybill/ledger-store/postgres"
import { layerLedgerQueue, WorkQueue, type WorkQueueShape } from "@waybill/runtime"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { job_body, type PeerQueue } from "./queuePeers.ts"

const lease_ms = 60_000

/** Works off so many jobs as a worker of the runtime does: who ends a job asks for the next one at the same moment. */
const workOff = ({ claimNext, claimAhead = claimNext }: WorkQueueShape, jobs: number, hasHeartbeat: boolean) =>
  Effect.gen(function* () {
    let left = jobs
    const claim = (by: typeof claimNext) => Effect.suspend(() => (left-- > 0 ? by({}, lease_ms) : Effect.undefined))
    let done = 0
    let held = yield* claim(claimNext)
    while (held !== undefined) {
      if (hasHeartbeat) yield* held.heartbeat(lease_ms)
      const [, next] = yield* Effect.all([held.complete({}), claim(claimAhead)], { concurrency: "unbounded" })
      done++
      held = next
    }
    return done
  })

export interface LedgerQueue extends PeerQueue {
  /** Saves what was folded of a long history, which is done beside the appends otherwise. */
  readonly save: () => Promise<void>
}

const start = <E>(store: Effect.Effect<Store, E, Scope.Scope>): Promise<LedgerQueue> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const jobspec = JobSpec.make()
    const ledger = yield* Effect.flatMap(store, (opened) => Ledger.make(opened, vocabularies)).pipe(
      Effect.provideService(Scope.Scope, scope),
    )
    const queue = yield* WorkQueue.pipe(
      Effect.provide(
        layerLedgerQueue({ jobspec }).pipe(Layer.provide([Layer.succeed(Ledger, ledger), layerNodeEntropy])),
      ),
    )
    const submit = ledger.transact(jobspec.queue, { kind: "submit", ...job_body }, { actor: "bench" })
    const times = (count: number, effect: Effect.Effect<unknown, unknown>) =>
      Effect.forEach(Array.from({ length: count }), () => effect, { concurrency: 64, discard: true })
    return {
      add: () => Effect.runPromise(Effect.asVoid(submit)),
      save: () => Effect.runPromise(ledger.saveDueCheckpoints),
      fill: (jobs: number) => Effect.runPromise(times(jobs, submit)),
      work: async (jobs: number, workers: number, hasHeartbeat = true) => {
        const each = workOff(queue, jobs / workers, hasHeartbeat)
        const done = await Effect.runPromise(
          Effect.all(
            Array.from({ length: workers }, () => each),
            { concurrency: "unbounded" },
          ),
        )
        return done.reduce((sum, count) => sum + count, 0)
      },
      close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
    }
  }).pipe(Effect.runPromise)

/** A queue in files below a root, every commit flushed. */
export const startFileQueue = (root: string): Promise<LedgerQueue> =>
  start(makeJsonlStore({ root }).pipe(Effect.provide(layerNodeFiles)))

/** A queue in a PostgreSQL schema of its own. */
export const startPostgresQueue = (url: string, schema: string): Promise<LedgerQueue> =>
  start(makePostgresStore({ url: Redacted.make(url), schema }))
