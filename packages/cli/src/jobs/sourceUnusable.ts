/**
 * Commands whose exit 4 is about a job: what is wrong with a ledger or a server ends them with a code of its own.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import type { ErrorDefaults } from "@waybill/command-contract"
import { ledger_errors, SOURCE_UNUSABLE } from "../Exits.ts"

const exitFor = (exit: string): string => (exit === "PRECONDITION" ? SOURCE_UNUSABLE.name : exit)

/** The ledger's errors, for these commands. */
export const job_ledger_errors: Readonly<Record<string, ErrorDefaults>> = Object.fromEntries(
  Object.entries(ledger_errors).map(([code, defaults]) => [code, { ...defaults, exit: exitFor(defaults.exit) }]),
)

/** Looks for a job; nobody takes what stood in the way for a word about the job. */
export const lookFor = async <A>(look: () => Promise<A>): Promise<A> => {
  try {
    return await look()
  } catch (thrown) {
    throw CommandError.is(thrown) ? new CommandError({ ...thrown.options, exit: exitFor(thrown.options.exit) }) : thrown
  }
}
