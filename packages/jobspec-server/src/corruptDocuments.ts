/**
 * Damaged records as they are told over HTTP (JobSpec v0 §3.4).
 *
 * @module
 */
import type { StoreHealth } from "@waybill/ledger"

export interface CorruptDocument {
  readonly line_number: number
  readonly error: string
}

/** Those that nobody has acknowledged by a repair. */
export const corruptDocuments = ({ corrupt }: StoreHealth): ReadonlyArray<CorruptDocument> =>
  corrupt
    .filter(({ isAcknowledged }) => isAcknowledged !== true)
    .map(({ error, line_number }) => ({ line_number, error }))
