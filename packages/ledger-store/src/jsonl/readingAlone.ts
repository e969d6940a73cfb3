/**
 * Asking about one job of a ledger that is opened for nothing else, as a program does that ends with its answer.
 *
 * What the saved index and the seals tell of other jobs is passed over; everything that tells whether they can be trusted is
 * looked at as ever.
 *
 * @module
 */
import { Effect } from "effect"
import type { LedgerFile } from "./LedgerFile.ts"
import { makeScanner, type Scanner } from "./Scanner.ts"

/** The scanner that knows one job. The last one is kept, since a stream is read in pages. */
export const makeReadingAlone = (ledgerFile: LedgerFile): ((jobId: string) => Effect.Effect<Scanner>) => {
  let last: { readonly jobId: string; readonly scanner: Scanner } | undefined
  return (jobId) =>
    Effect.suspend(() => {
      if (last?.jobId === jobId) return Effect.succeed(last.scanner)
      return Effect.map(makeScanner(ledgerFile, jobId), (scanner) => {
        last = { jobId, scanner }
        return scanner
      })
    })
}
