/**
 * The queue of a ledger, in the shape of the others.
 *
 * @module
 */
import { layerNodeFiles } from "@waybill/host"
import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger, type LedgerShape, type Store } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { makePostgresStore } from "@waybill/ledger-store/postgres"
import { Effect, Exit, Redacted, Scope } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { job_body, type PeerQueue } from "./queuePeers.ts"

const lease_ms = 60_000
const worker = { actor: "worker:bench" }

const queueOn = (ledger: LedgerShape, scope: Scope.Closeable): PeerQueue => {
  const { queue } = JobSpec.make()
  const submit = ledger.transact(queue, { kind: "submit", ...job_body }, { actor: "bench" })
  const now = () => Date.now()
  const workOne = Effect.gen(function* () {
    const token_sha256 = createHash("sha256").update(randomBytes(32)).digest("hex")
    const facts = yield* ledger.transact(queue, { kind: "claim_next", token_sha256, now_ms: now(), lease_ms }, worker)
    const claim = facts.find(({ event_type }) => event_type === "job.claimed")
    if (claim === undefined) return 0
    const held = { job_id: claim.job_id, hold: { token_sha256, lease_epoch: 1 } }
    yield* ledger.transact(queue, { kind: "heartbeat", ...held, now_ms: now(), lease_ms }, worker)
    yield* ledger.transact(queue, { kind: "complete", ...held, now_ms: now() }, worker)
    return 1
  })
  return {
    add: () => Effect.runPromise(Effect.asVoid(submit)),
    fill: (jobs) =>
      Effect.runPromise(
        Effect.forEach(
          Array.from({ length: jobs }, () => submit),
          (each) => each,
          { concurrency: 64, discard: true },
        ),
      ),
    work: (jobs, workers) =>
      Effect.runPromise(
        Effect.map(
          Effect.forEach(
            Array.from({ length: jobs }, () => workOne),
            (each) => each,
            { concurrency: workers },
          ),
          (done) => done.reduce<number>((sum, each) => sum + each, 0),
        ),
      ),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  }
}

const start = <E>(store: Effect.Effect<Store, E, Scope.Scope>): Promise<PeerQueue> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const ledger = yield* Effect.flatMap(store, (opened) => Ledger.make(opened, vocabularies)).pipe(
        Effect.provideService(Scope.Scope, scope),
      )
      return queueOn(ledger, scope)
    }),
  )

/** A queue in files below a root, every commit flushed. */
export const startFileQueue = (root: string): Promise<PeerQueue> =>
  start(makeJsonlStore({ root }).pipe(Effect.provide(layerNodeFiles)))

/** A queue in a PostgreSQL schema of its own. */
export const startPostgresQueue = (url: string, schema: string): Promise<PeerQueue> =>
  start(makePostgresStore({ url: Redacted.make(url), schema }))
