/**
 * Taking a job in: the order of checks, what counts as the same job, and the ids that are made (JobSpec v0 §5.1, §9).
 *
 * @module
 */
import {
  type Fact,
  jsonEqual,
  type JsonObject,
  ownJson,
  refuseJobId,
  refuseRequestId,
  reserved_job_ids,
  utf8Bytes,
  type View,
} from "@waybill/ledger"
import { Result } from "effect"
import { idempotency_key_bytes_max, jobFacts } from "./Facts.ts"
import { generatedJobId, generatedRequestId } from "./Identifiers.ts"
import type { JobTypes } from "./JobTypes.ts"
import type { Submit } from "./QueueCommand.ts"
import { isTerminal, max_attempts_default, type QueueJob } from "./QueueJob.ts"
import {
  InvalidJobId,
  InvalidJobType,
  InvalidKey,
  InvalidPayload,
  InvalidReport,
  InvalidRequestId,
  JobTypeNotAllowed,
  KeyTooLong,
  type QueueRefusal,
  request_id_bytes_max,
} from "./Refusals.ts"

type Facts = ReadonlyArray<Fact<string, unknown>>

/** Why a request id that was sent cannot stand on a line. Takes it as it was sent. */
export const refuseSentRequestId = (sent: string): InvalidRequestId | undefined => {
  const request_id = sent.trim()
  const because = (reason: InvalidRequestId["because"]) => new InvalidRequestId({ request_id, because: reason })
  if (request_id === "") return because("blank")
  if (/[ \t\r\n]/u.test(request_id)) return because("whitespace")
  if (utf8Bytes(request_id) > request_id_bytes_max) return because("too long")
  return refuseRequestId(request_id) === undefined ? undefined : because("lone surrogate")
}

/** Whether an entry is a job: it was accepted, or has ended, so that nothing can be accepted under its id any more. */
const isThere = (job: QueueJob | undefined): job is QueueJob =>
  job !== undefined && (job.created_at !== undefined || isTerminal(job.status))

const sentJobId = ({ job_id = "" }: Submit): string => job_id.trim()

/**
 * The job that a submission finds: the first in the ledger that has its key or its id. An entry that was only talked about
 * is not found, because its submission is not durable yet.
 */
export const findSubmitted = (queue: View<QueueJob>, submit: Submit): QueueJob | undefined => {
  const { idempotency_key: key = "" } = submit
  const holder = key === "" ? undefined : queue.holder("job.accepted", key)
  const byKey = holder === undefined ? undefined : queue.get(holder.job_id)
  const id = sentJobId(submit)
  const byId = id === "" ? undefined : queue.get(id)
  const found = [byKey, byId].filter(isThere)
  return found.toSorted((a, b) => a.first_position - b.first_position)[0]
}

/** How a submission differs from the job it found: a retry does not, and whoever re-used a key should know. */
export const differences = (job: QueueJob, submit: Submit): ReadonlyArray<"job_type" | "payload"> => {
  const found: Array<"job_type" | "payload"> = []
  if (job.job_type !== submit.job_type) found.push("job_type")
  if (!jsonEqual(job.payload, submit.payload ?? {})) found.push("payload")
  return found
}

const refuse = (submit: Submit, types: JobTypes): QueueRefusal | undefined => {
  const { idempotency_key = "", job_type, payload = {}, trigger } = submit
  if (trigger !== undefined && !types.isTriggerable(job_type))
    return new JobTypeNotAllowed({ job_type, surface: trigger.title })
  const got_bytes = utf8Bytes(idempotency_key)
  if (got_bytes > idempotency_key_bytes_max) return new KeyTooLong({ max_bytes: idempotency_key_bytes_max, got_bytes })
  if (!idempotency_key.isWellFormed()) return new InvalidKey({ reason: "contains a lone surrogate" })
  if (!types.has(job_type)) return new InvalidJobType({ job_type })
  const detail = types.refusePayload(job_type, payload)
  if (detail !== undefined) return new InvalidPayload({ job_type, detail })
  const job_id = sentJobId(submit)
  return reserved_job_ids.has(job_id) ? new InvalidJobId({ job_id, reason: "is reserved" }) : undefined
}

/** Ids ahead of their turn can only have been sent by callers; beyond a few, the caller has to choose. */
const taken_ids_max = 64

const freeJobId = (queue: View<QueueJob>, jobType: string): string | undefined => {
  const start = queue.position + 1
  for (let n = start; n < start + taken_ids_max; n++) {
    const id = generatedJobId(jobType, n)
    if (queue.get(id) === undefined) return id
  }
  return undefined
}

const wanted = (submit: Submit, queue: View<QueueJob>): Result.Result<string, QueueRefusal> => {
  const sent = sentJobId(submit)
  const job_id = sent === "" ? freeJobId(queue, submit.job_type) : sent
  if (job_id === undefined)
    return Result.fail(new InvalidJobId({ job_id: "", reason: "is needed: those that would be made are taken" }))
  const reason = refuseJobId(job_id)
  return reason === undefined ? Result.succeed(job_id) : Result.fail(new InvalidJobId({ job_id, reason }))
}

const accept = (submit: Submit, job_id: string, types: JobTypes): Result.Result<Facts, QueueRefusal> => {
  const { idempotency_key = "", job_type, max_attempts = max_attempts_default, payload = {} } = submit
  const owned = ownJson(payload)
  if (Result.isFailure(owned)) {
    const [{ message, path } = { message: "is no JSON", path: "payload" }] = owned.failure
    return Result.fail(new InvalidPayload({ job_type, detail: `${path} ${message}` }))
  }
  const fact = jobFacts.accepted.make(job_id, {
    job_payload: owned.success as JsonObject,
    job_type,
    max_attempts,
    projection_targets: types.targets(job_type),
    ...(idempotency_key === "" ? {} : { idempotency_key }),
  })
  return Result.isSuccess(fact)
    ? Result.succeed([fact.success])
    : Result.fail(new InvalidReport({ reason: fact.failure.message }))
}

/** The facts of a submission: one, or none where the job is there already. */
export const submit = (queue: View<QueueJob>, command: Submit, types: JobTypes): Result.Result<Facts, QueueRefusal> => {
  const refusal = refuse(command, types)
  if (refusal !== undefined) return Result.fail(refusal)
  if (findSubmitted(queue, command) !== undefined) return Result.succeed([])
  const { request_id = "" } = command
  const badRequest = request_id === "" ? undefined : refuseSentRequestId(request_id)
  if (badRequest !== undefined) return Result.fail(badRequest)
  return Result.flatMap(wanted(command, queue), (job_id) => accept(command, job_id, types))
}

/** The request id of an acceptance. */
export const submitRequestId = (queue: View<QueueJob>, { request_id = "" }: Submit, jobId: string): string =>
  request_id === "" ? generatedRequestId(jobId, queue.position + 1) : request_id.trim()
