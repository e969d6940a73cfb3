/**
 * Where lines are read on from behind sealed records: a batch of which only some rows are there is read as a whole.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { Flag } from "./Rows.ts"
import { readRows } from "./Seals.ts"

/** A batch has no more lines. */
const batch_max = 1000

export interface BatchStart {
  /** Which record of the file is the first to be read. */
  readonly record: number
  /** Where the one before it ends, and how many physical lines that makes. */
  readonly end: number
  readonly lines: number
}

/**
 * Where to begin reading behind so many sealed records of the file that begins at `first`, so that no batch is met in its
 * middle; what lies before the end of the last sealed one is then read a second time.
 */
export const batchStart = (directory: Directory, first: number, sealed: number): Effect.Effect<BatchStart, FileError> =>
  Effect.map(readRows(directory, first, Math.max(0, sealed - batch_max), sealed), (rows) => {
    const from = sealed - rows.count
    // A copy does not tell whether its batch goes on, and neither does a row that does not hold.
    const mayContinue = (i: number) => !rows.areSound(i, i + 1) || rows.is(i, Flag.continues | Flag.copy)
    let at = rows.count
    while (at > 0 && mayContinue(at - 1)) at--
    if (at > 0) return { record: from + at, end: rows.end(at - 1), lines: from + at + rows.blanks(at - 1) }
    const last = rows.count - 1
    // So many copies are of no batch of ours.
    if (from > 0 && rows.areSound(last, last + 1))
      return { record: sealed, end: rows.end(last), lines: sealed + rows.blanks(last) }
    return { record: 0, end: 0, lines: 0 }
  })
