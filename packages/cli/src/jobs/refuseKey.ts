/**
 * What cannot be an idempotency key.
 *
 * @module
 */
import { idempotency_key_bytes_max } from "@waybill/jobspec"

/** Why a text is no key; `undefined` when it is one. */
export const refuseKey = (key: string): string | undefined => {
  if (!key.isWellFormed()) return "--key holds half a character, which no record can carry"
  const bytes = Buffer.byteLength(key)
  return bytes > idempotency_key_bytes_max
    ? `--key has ${bytes} bytes, at most ${idempotency_key_bytes_max} are taken: give a digest of it, such as its SHA-256`
    : undefined
}
