/**
 * The packages whose tests are put to the test, and how much of what is broken in them the tests must notice.
 *
 * @module
 */

export interface Room {
  readonly name: string
  /** From the repository's root. */
  readonly folder: string
  /** The least score, in percent of all mutants. */
  readonly score_min: number
}

export const rooms: ReadonlyArray<Room> = [
  { name: "ledger", folder: "packages/ledger", score_min: 90 },
  { name: "workspace-job", folder: "packages/carriers/workspace-job", score_min: 90 },
  { name: "data-plane", folder: "packages/data-plane", score_min: 80 },
]
