/**
 * Asks for a job in the ledger's queue.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { differences } from "@waybill/jobspec"
import { type JsonObject, Ledger } from "@waybill/ledger"
import { Effect } from "effect"
import { findSubmitted } from "@waybill/jobspec"
import { runHere } from "../Opening.ts"
import { ledgerLayer } from "../Ledgers.ts"
import type { Place } from "../Place.ts"
import { refuseDamaged } from "../keeping/damage.ts"
import { jobState } from "./JobDescription.ts"
import { jobSpecOf } from "./JobSpecHere.ts"

export interface SubmitWords {
  readonly type: string
  readonly payload: JsonObject
  readonly key?: string | undefined
  readonly "job-id"?: string | undefined
  readonly "max-attempts"?: number | undefined
}

/** Submits, and answers where the job stands. Submitting again under the same key or id finds the job that is there. */
export const submitJob = (words: SubmitWords, place: Place, ctx: Context) => {
  const { key, payload, type, "job-id": job_id, "max-attempts": max_attempts } = words
  const jobspec = jobSpecOf([type])
  const submit = {
    kind: "submit" as const,
    job_type: type,
    payload,
    ...(key === undefined ? {} : { idempotency_key: key }),
    ...(job_id === undefined ? {} : { job_id }),
    ...(max_attempts === undefined ? {} : { max_attempts }),
  }
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    yield* refuseDamaged(ledger, place)
    const [accepted] = yield* ledger.transact(jobspec.queue, submit, { actor: "waybill" })
    const found = yield* ledger.query(jobspec.projections.queue, (view) =>
      accepted === undefined ? findSubmitted(view, submit) : view.get(accepted.job_id),
    )
    if (found === undefined) return yield* Effect.die(new Error("the submitted job is not in the queue"))
    const differ = accepted === undefined ? differences(found, submit) : []
    if (differ.length > 0)
      return yield* Effect.fail(
        new CommandError({
          exit: "CONFLICT",
          code: "IDEMPOTENCY_CONFLICT",
          message: `The key or the id stands for the job ${found.job_id}, which has another ${differ.join(" and another ")}.`,
          fix_required: "Use a new --key, or a new --job-id, for new work.",
        }),
      )
    const began_ms = Date.parse(found.created_at ?? found.updated_at)
    const run = { status: "missing", runId: found.job_id } as const
    const { descriptor } = jobState(found.job_id, { queue: found, run, began_ms }, place, Date.now())
    return { ...descriptor, effect: accepted === undefined ? "noop" : "created" }
  })
  return runHere(Effect.provide(program, ledgerLayer(place, "write")), ctx.signal)
}
