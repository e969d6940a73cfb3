/**
 * Settlements that a program starts by itself, and the jobs that they are.
 */
import { JobSpec, type QueueCommand } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { Deferred, Effect, Stream } from "effect"
import { layerLedgerQueue, settleJob as settleJobIn, WorkQueue } from "../../src/index.ts"
import { accept, declare, verifierOf } from "./world.ts"

export const jobspec = JobSpec.make()
export const queue = layerLedgerQueue({ jobspec })
export const settleJob: typeof settleJobIn = (job, options) => settleJobIn(job, { jobspec, ...options })
export const day_ms = 86_400_000

export const ask = (command: QueueCommand) =>
  Effect.flatMap(Ledger, (ledger) => ledger.transact(jobspec.queue, command, { actor: "a test" }))
export const cancel = (job_id = "run-1") => ask({ kind: "cancel", job_id })
export const jobNow = (job_id = "run-1") =>
  Effect.flatMap(Ledger, (ledger) => ledger.query(jobspec.projections.queue, (jobs) => jobs.get(job_id)))
export const events = Effect.flatMap(Ledger, (ledger) => Stream.runCollect(ledger.read()))
export const jobTypes = Effect.map(events, (all) =>
  all.flatMap(({ event_type }) => (event_type.startsWith("job.") ? [event_type.slice(4)] : [])),
)
export const claimFor = (lease_ms: number, job_id = "run-1") =>
  Effect.flatMap(WorkQueue, (workers) => workers.claim(job_id, lease_ms))

/** A settlement whose verifier waits until it may answer. */
export const heldUp = Effect.gen(function* () {
  const isAtWork = yield* Deferred.make<void>()
  const mayEnd = yield* Deferred.make<void>()
  const verifier = verifierOf(() =>
    Effect.andThen(Deferred.succeed(isAtWork, undefined), Effect.as(Deferred.await(mayEnd), accept)),
  )
  return { job: declare({ verifier, verifierDeadline_ms: 2 * day_ms }), isAtWork, mayEnd }
})
