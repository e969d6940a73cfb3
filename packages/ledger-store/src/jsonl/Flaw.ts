/**
 * One thing that is wrong with a ledger's files.
 *
 * @module
 */

/** What is wrong, and where. */
export interface Flaw {
  /** Below the ledger's folder. */
  readonly file: string
  readonly error: string
  /** The record concerned, and the byte it begins at in its file (in the unpacked content of a compressed one). */
  readonly position?: number
  readonly offset?: number
  /** The records concerned, where it is more than one; both ends included. */
  readonly positions?: readonly [first: number, last: number]
  /** SHA-256, as hex, of the bytes that stand there now: a repair acknowledges these and no others. */
  readonly digest: string
  /** The position of the kept head that is not met: nothing is damaged by that, it is another past or a shorter one. */
  readonly kept?: number
  /** Whether a `ledger.repaired` fact names it. */
  readonly isAcknowledged?: boolean
}

/** What makes two flaws the same one. */
export const flawKey = ({ digest, file, position, positions }: Omit<Flaw, "error">): string =>
  JSON.stringify([position ?? positions?.[0] ?? file, digest])
