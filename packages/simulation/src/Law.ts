/**
 * What must be true of every world once it is over, whatever went wrong in it. One file of `laws/` each.
 *
 * @module
 */
import type { Audit } from "./Audit.ts"

export interface Law {
  /** `SIM-05`: a number that is never given to another law. */
  readonly id: string
  readonly statement: string
  /** How it is broken in practice. */
  readonly violation: string
  /** What speaks against it; empty where it holds. */
  readonly check: (audit: Audit) => Iterable<string>
}
