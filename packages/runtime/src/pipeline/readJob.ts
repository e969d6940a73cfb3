/**
 * A run as it is recorded now.
 *
 * @module
 */
import { Ledger } from "@waybill/ledger"
import { type Job, Jobs, type JobStatus, jobStatus } from "@waybill/workspace-job"
import { Effect } from "effect"
import { refuseDamage } from "./soundness.ts"

/** The run and where it stands, at one position. */
export const readJob = (runId: string) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.query(Jobs, (view): { readonly job: Job | undefined; readonly status: JobStatus } => ({
      job: view.get(runId),
      status: jobStatus(view, runId),
    })),
  )

/** The job's status as it is recorded now. That it is `verified` is not said by a ledger that is damaged: `LedgerDamaged`. */
export const statusOf = (runId: string) =>
  Effect.gen(function* () {
    const { status } = yield* readJob(runId)
    if (status.status === "verified") yield* refuseDamage
    return status
  })
