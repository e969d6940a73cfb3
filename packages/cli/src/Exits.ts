/**
 * What commands that work on a ledger can end with, and which error ends how.
 *
 * @module
 */
import { type ErrorDefaults, defineExitCode } from "@waybill/command-contract"

export const done = (description: string) => ({ description, retryable: false, side_effects: "none" }) as const
export const changed = (description: string) => ({ description, retryable: false, side_effects: "complete" }) as const

/** Every command that opens a ledger has these. */
export const ledger_exits = {
  PRECONDITION: done("The ledger is damaged, or must not be opened or written as it is"),
  UNAVAILABLE: { description: "The ledger cannot be reached, or is full", retryable: true, side_effects: "none" },
} as const

export const ledger_errors: Readonly<Record<string, ErrorDefaults>> = {
  STORE_LOCKED: { exit: "UNAVAILABLE", suggestion: "See who has it with: waybill ledger show" },
  STORE_FULL: { exit: "UNAVAILABLE", suggestion: "See what takes space with: waybill du, and the same --root" },
  STORE_POISONED: { exit: "UNAVAILABLE", suggestion: "Check the ledger with: waybill ledger verify" },
  // What is wrong is in the message, and what to do about it: no command tells more of a ledger that cannot be opened.
  STORE_UNAVAILABLE: { exit: "UNAVAILABLE", suggestion: "Do what the message says, or ask again later." },
  STORE_REFUSED: { exit: "PRECONDITION", fix_required: "Correct what the message names; nothing was recorded." },
  LEDGER_DAMAGED: {
    exit: "PRECONDITION",
    fix_required:
      "See the damage with: waybill ledger verify; put the file back from a copy, or acknowledge it with: waybill ledger repair",
  },
  HISTORY_BROKEN: { exit: "PRECONDITION", suggestion: "See every record with: waybill ledger verify" },
}

/** The flag of commands that print every record there is. */
export const damaged_flag = {
  type: "enum",
  enum_values: ["refuse", "skip"],
  default: "refuse",
  description: "Whether records that cannot be read end the command with LEDGER_DAMAGED, behind the others",
} as const

/** A run that nobody asked for. */
export const run_missing = done("No run has this id")

export const VERIFIER_REJECTED = defineExitCode(80, "VERIFIER_REJECTED", {
  description: "The verifier said no, and no attempt is left; data has the checks",
  retryable: false,
  side_effects: "partial",
})
export const JOB_FAILED = defineExitCode(81, "JOB_FAILED", {
  description: "The job ended without a verdict; data has the reason",
  retryable: false,
  side_effects: "partial",
})
export const LEDGER_FLAWED = defineExitCode(82, "LEDGER_FLAWED", {
  description:
    "Something in the ledger is not what was written, or nothing tells whether it is; data has what and how much",
  retryable: false,
  side_effects: "none",
})
export const LEVEL_NOT_HELD = defineExitCode(83, "LEVEL_NOT_HELD", {
  description: "The server does not hold the level of JobSpec that it claims; data lists the broken laws",
  retryable: false,
  side_effects: "partial",
})

/** In place of {@link ledger_exits}' PRECONDITION where 4 is about a job. */
export const SOURCE_UNUSABLE = defineExitCode(84, "SOURCE_UNUSABLE", {
  description: "The ledger or the server cannot be used as it is; nothing is said about the job",
  retryable: false,
  side_effects: "none",
})
