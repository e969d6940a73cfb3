/**
 * Who is at work on a run.
 *
 * @module
 */

/** Who holds a run, as far as is known. For people; nothing is decided by it. */
export interface Holder {
  /** Such as `process 4711 on build-3`. */
  readonly who: string
  /** Milliseconds since the epoch, by the holder's clock. */
  readonly since_ms: number
}
