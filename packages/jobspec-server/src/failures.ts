/**
 * Errors of the queue and of the ledger as answers (JobSpec v0 §4).
 *
 * @module
 */
import { errorBody, InvalidSchedule, type QueueRefusal, refusal_statuses, ScheduleExists } from "@waybill/jobspec"
import { FactTooLarge, InvalidAppend } from "@waybill/ledger"
import { Refused } from "./Http.ts"
import { isUnreachable, retry_after_s } from "./Outage.ts"

const isQueueRefusal = (error: Error): error is QueueRefusal =>
  "_tag" in error && typeof error._tag === "string" && Object.hasOwn(refusal_statuses, error._tag)

const statusOf = (error: Error): number => {
  if (isQueueRefusal(error)) return refusal_statuses[error._tag]
  if (error instanceof InvalidSchedule || error instanceof InvalidAppend) return 400
  if (error instanceof ScheduleExists) return 409
  if (error instanceof FactTooLarge) return 413
  // Nothing was recorded, and the same request will do once the ledger is there again.
  if (isUnreachable(error)) return 503
  // What is left is the ledger's: it could not be read or written, and nothing was acknowledged.
  return 500
}

/** How a failed handler is answered. */
export const refusedBy = (error: Error): Refused =>
  error instanceof Refused
    ? error
    : new Refused({
        status: statusOf(error),
        body: errorBody(error),
        ...(isUnreachable(error) ? { headers: { "Retry-After": String(retry_after_s) } } : {}),
      })

/** The same with the name of the mistake, for the routes that are ours. */
export const refusedByName = (error: Error): Refused => {
  const refused = refusedBy(error)
  if (refused === error || !("_tag" in error) || typeof error._tag !== "string") return refused
  const body: { readonly error: string; readonly code: string } = { ...refused.body, code: error._tag }
  return new Refused({
    status: refused.status,
    body,
    ...(refused.headers === undefined ? {} : { headers: refused.headers }),
  })
}
