/**
 * How attempts are numbered and keyed. The platform owns this; a consumer only ever sees its own base key.
 *
 * @module
 */
import { utf8Bytes } from "@waybill/ledger"
import type { Payload } from "./Facts.ts"
import type { AttemptNumber } from "./Values.ts"

/** A base key may be this long; what is left of a key's room is for the repair suffix. */
export const base_key_bytes_max = 256

const suffix = /:repair:\d+$/u

/** Why a key cannot be a job's base key, or `undefined`. One that looks like a repair attempt's key is refused. */
export const refuseBaseKey = (key: string): string | undefined => {
  if (key === "") return "is empty"
  if (utf8Bytes(key) > base_key_bytes_max) return `is longer than ${base_key_bytes_max} bytes`
  return suffix.test(key) ? "ends like the key of a repair attempt (`:repair:` and a number)" : undefined
}

/** A request without attempt data is attempt 1 of 1: it cannot be repaired. */
export const attemptOf = (request: Payload<"requested">): AttemptNumber =>
  request.attempt ?? { index: 1, maxAttempts: 1, cause: "initial" }

/** The job's own key, from any attempt's request. */
export const baseKeyOf = (request: Payload<"requested">): string =>
  attemptOf(request).cause === "initial" ? request.idempotencyKey : request.idempotencyKey.replace(suffix, "")

/** The key of repair attempt `index` of the job with this base key. */
export const repairKey = (baseKey: string, index: number): string => `${baseKey}:repair:${index}`
