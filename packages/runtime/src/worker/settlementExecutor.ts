/**
 * An executor that settles: a job that asks for a terminal artifact gets the whole settlement, in its own stream.
 *
 * @module
 */
import type { DataPlane } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import { byIdempotencyKey, Jobs } from "@waybill/workspace-job"
import { Effect } from "effect"
import type { Agent } from "../agent/Agent.ts"
import type { Declared, JobDeclaration } from "../pipeline/Declaration.ts"
import { evaluate } from "../pipeline/declared.ts"
import type { SettleError } from "../pipeline/Errors.ts"
import type { Holds } from "../pipeline/Holds.ts"
import { endOf } from "../pipeline/RunEnd.ts"
import { settleClaimed, type SettleOptions } from "../pipeline/settle.ts"
import { endCancelled } from "./endCancelled.ts"
import { type Executor, WorkFailed } from "./Executor.ts"
import { patiently } from "./patiently.ts"
import { type ClaimedJob, type LeaseLost, QueueUnavailable } from "./WorkQueue.ts"

/** What the host declares about a job from the queue. Run and key are the job's own. */
export type QueuedDeclaration = Omit<JobDeclaration, "runId" | "idempotencyKey">

export interface SettlementExecutorOptions extends SettleOptions {
  /** How long the declaration of a job may take; five minutes by default. */
  readonly answerDeadline_ms?: number
}

/** What is not about the job, and passes: the store, or a host that has no room. */
const isHostTrouble = ({ _tag }: SettleError | LeaseLost): boolean =>
  _tag.startsWith("Store") || _tag === "Conflict" || _tag === "NoRoom"

/**
 * Makes the executor. `declare` says what a job's payload asks for; what it throws ends the job. A verified artifact completes
 * the job, whose artifacts then name its reference, digest and schema; a rejected or failed settlement fails it. A job
 * that comes again after a crash or a lost lease goes on where the ledger says it is.
 *
 * While the store cannot be reached, the settlement is asked for again, under the lease. A cancelled job's open attempt ends
 * as `failed`, phase submit, reason interrupted, and its agent run is ended.
 */
export const settlementExecutor = (
  declare: (job: ClaimedJob) => Declared<QueuedDeclaration>,
  options: SettlementExecutorOptions = {},
): Executor<Ledger | DataPlane | Agent | Holds> => {
  const failed = (message: string) => new WorkFailed({ failure: { message } })
  const keyOf = ({ idempotency_key, job_id }: ClaimedJob) => idempotency_key ?? job_id
  return {
    execute: (job) =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const { job_id } = job
        const idempotencyKey = keyOf(job)
        const declared = yield* Effect.mapError(
          evaluate(() => declare(job), options.answerDeadline_ms ?? 300_000),
          ({ message }) => failed(`the job could not be declared: ${message}`),
        )
        const settled = Effect.gen(function* () {
          const holder = yield* ledger.query(Jobs, (view) => byIdempotencyKey(view, idempotencyKey))
          // Its facts would be in another stream, where this lease holds nothing.
          if (holder.status === "found" && holder.runId !== job_id)
            return yield* failed(`the key ${JSON.stringify(idempotencyKey)} stands for ${JSON.stringify(holder.runId)}`)
          return yield* settleClaimed({ ...declared, runId: job_id, idempotencyKey }, job, options)
        }).pipe(
          Effect.mapError((error) => {
            if (error._tag === "WorkFailed") return error
            return isHostTrouble(error)
              ? new QueueUnavailable({ where: ledger.where, cause: error })
              : failed(error.message)
          }),
        )
        const status = yield* patiently(settled, () => {})
        const end = endOf(status)
        if (end?.kind === "verified") return end.report
        return yield* failed(end?.message ?? `the settlement is ${status.status}`)
      }),
    onEnded: (job) => endCancelled(job, options.actor ?? "waybill"),
  }
}

/** For a type whose jobs are all settlements: one that asks for no terminal artifact fails. */
export const settlementOnly: Executor = {
  execute: ({ job_type }) =>
    Effect.fail(
      new WorkFailed({
        failure: { message: `a ${job_type} job asks for a terminal artifact: its payload needs terminal_artifact` },
      }),
    ),
}
