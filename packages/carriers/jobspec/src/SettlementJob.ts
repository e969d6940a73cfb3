/**
 * The job that every settlement is, also one that a program settles by itself and no worker was asked for.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { asksForArtifact } from "./EventFields.ts"
import type { JobType } from "./JobTypes.ts"
import { fields, refusePayload } from "./PayloadShape.ts"
import type { Submit } from "./QueueCommand.ts"

export const settlement_job_type = "settlement.run"

/**
 * How often the job of a settlement may be claimed: once per program that goes on with it, so often that the queue never gives
 * up a settlement that could be gone on with. How often the work is attempted is the settlement's own count.
 */
export const settlement_claims_max = 1_000_000

/** What a settlement is asked for, as its job's payload says it. */
export interface SettlementRequest {
  /** The run's id is the job's. */
  readonly job_id: string
  readonly idempotency_key: string
  /** The schema of the terminal artifact. */
  readonly schema: string
  readonly requested_by: string
  readonly workspace_ref?: string | undefined
  readonly input_ref?: string | undefined
  readonly input_hash?: string | undefined
}

const references = ["workspace_ref", "input_ref", "input_hash"] as const

const payloadOf = (request: SettlementRequest): JsonObject => {
  const { requested_by, schema } = request
  const named = references.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]] as const]))
  return { terminal_artifact: { schema }, requested_by, ...Object.fromEntries(named) }
}

/** The submission of a settlement's job. */
export const submitSettlement = (request: SettlementRequest): Submit => ({
  kind: "submit",
  job_type: settlement_job_type,
  job_id: request.job_id,
  idempotency_key: request.idempotency_key,
  payload: payloadOf(request),
  max_attempts: settlement_claims_max,
})

const shape = fields({
  string: ["requested_by", ...references],
  more: { terminal_artifact: { object: fields({ string: ["schema"] }) } },
})

/**
 * The type of these jobs, which every registry has. What such a job is about is known to whoever declared it, and to nobody
 * else: a worker claims one only if it asks for the type by its name.
 */
export const settlementType: JobType = {
  name: settlement_job_type,
  isClaimedByName: true,
  payload: (payload) =>
    refusePayload(shape, payload) ?? (asksForArtifact(payload) ? undefined : "terminal_artifact must be an object"),
}
