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

/** Those that nobody has acknowledged by a repair, and then what was cut off at the end (§7.6). */
export const corruptDocuments = ({ corrupt, torn = [] }: StoreHealth): ReadonlyArray<CorruptDocument> =>
  [...corrupt.filter(({ isAcknowledged }) => isAcknowledged !== true), ...torn].map(({ error, line_number }) => ({
    line_number,
    error,
  }))
