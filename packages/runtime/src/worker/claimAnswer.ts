/**
 * A server's answer to a claim, read.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Option, Schema } from "effect"
import type { ClaimedJob } from "./WorkQueue.ts"

const Payload = Schema.Record(Schema.String, Schema.Unknown) as Schema.Codec<JsonObject>

const Claim = Schema.Struct({
  job_id: Schema.NonEmptyString,
  claim_token: Schema.String,
  lease_epoch: Schema.Int,
  attempt: Schema.Int,
  job: Schema.Struct({
    job_type: Schema.NonEmptyString,
    request_id: Schema.String,
    idempotency_key: Schema.optionalKey(Schema.String),
    max_attempts: Schema.Int,
    payload: Schema.optionalKey(Payload),
  }),
})
const decode = Schema.decodeUnknownOption(Claim)

/** The job that the token of the call holds now; `undefined` where that is not what the answer says. */
export const claimedIn = (document: unknown, token: string): ClaimedJob | undefined => {
  const claim = Option.getOrUndefined(decode(document))
  if (claim === undefined || claim.claim_token !== token) return undefined
  const { attempt, job, job_id, lease_epoch } = claim
  return { ...job, job_id, lease_epoch, attempt, payload: job.payload ?? {} }
}
