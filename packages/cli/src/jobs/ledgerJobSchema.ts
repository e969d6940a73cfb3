/**
 * Jobs of a ledger, as commands declare them.
 *
 * @module
 */
import { job_descriptor_schema } from "@waybill/command-contract"

/** Whatever a ledger takes as a job's id, also percent-encoded: any text without control characters. */
export const id_pattern = "^[^\\u0000-\\u001f\\u007f]{1,768}$"

export const ledger_job_schema = {
  ...job_descriptor_schema,
  properties: { ...job_descriptor_schema.properties, job_id: { type: "string", pattern: id_pattern } },
} as const
