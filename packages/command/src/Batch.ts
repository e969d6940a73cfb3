import { CommandError } from "./CommandError.ts"

/** What became of one item of a batch. */
export interface BatchResult {
  /** The item's name, as the caller knows it. */
  readonly id: string
  /** Why it failed; left out when it did not. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** The data of a batch. */
export interface BatchReport {
  readonly summary: { readonly total: number; readonly succeeded: number; readonly failed: number }
  readonly results: ReadonlyArray<BatchResult & { readonly ok: boolean }>
}

/**
 * The answer of a command that did one thing to each of several items: a count, and what became of each, in the order given.
 *
 * @returns the data to answer with, where every item succeeded
 * @throws CommandError `PARTIAL_FAILURE` (exit 3, which the command declares) that bears the same data, where any failed
 * @example
 * batchReport([{ id: "a" }, { id: "b", error: { code: "LOCKED", message: "b is locked." } }])
 */
export const batchReport = (results: ReadonlyArray<BatchResult>): BatchReport => {
  const failed = results.filter(({ error }) => error !== undefined)
  const data: BatchReport = {
    summary: { total: results.length, succeeded: results.length - failed.length, failed: failed.length },
    results: results.map(({ error, id }) => ({
      id,
      ok: error === undefined,
      ...(error === undefined ? {} : { error }),
    })),
  }
  if (failed.length === 0) return data
  throw new CommandError({
    exit: "PARTIAL_FAILURE",
    code: "PARTIAL_FAILURE",
    message: `${failed.length} of ${results.length} failed: ${failed.map(({ id }) => id).join(", ")}.`,
    data,
  })
}
