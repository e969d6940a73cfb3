/**
 * What is known of a time limit.
 *
 * @module
 */

/** Why a call is not bounded; also the id of the message that says so. */
export type Fault =
  | "missingTimeout"
  | "infiniteTimeout"
  | "zeroAborts"
  | "timeoutOverflow"
  | "idleOnly"
  | "raceDoesNotCancel"
  | "signalNotBounded"

/**
 * `bounded`: an explicit, finite limit. `trusted`: a limit that is somebody else's duty, such as a parameter's.
 * `unknown`: it cannot be seen in this file. Of these, only `bounded` satisfies the `strict` option.
 */
export type Verdict = "bounded" | "trusted" | "unknown" | Fault

/** From the best to the worst. A missing limit tells least, so that any other fault is named before it. */
const order: ReadonlyArray<Verdict> = [
  "bounded",
  "trusted",
  "unknown",
  "raceDoesNotCancel",
  "idleOnly",
  "signalNotBounded",
  "timeoutOverflow",
  "zeroAborts",
  "infiniteTimeout",
  "missingTimeout",
]

const rank = (verdict: Verdict): number => order.indexOf(verdict)

/** As good as the best: one of several limits is enough. */
export const best = (...verdicts: ReadonlyArray<Verdict>): Verdict =>
  verdicts.reduce<Verdict>((a, b) => (rank(b) < rank(a) ? b : a), "missingTimeout")

/** As bad as the worst: all of the limits are needed, or any of the branches may be taken. */
export const worst = (...verdicts: ReadonlyArray<Verdict>): Verdict =>
  verdicts.reduce<Verdict>((a, b) => (rank(b) > rank(a) ? b : a), "bounded")

export const isFault = (verdict: Verdict): verdict is Fault => rank(verdict) > rank("unknown")
