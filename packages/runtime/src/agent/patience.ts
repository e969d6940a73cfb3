/**
 * How long a run is waited for. The limits are those of whoever waits: nothing that the run can write makes a wait longer.
 *
 * A run whose lock is held is alive, or somebody else has taken its lock: an agent of the host's user can. The run's own time is
 * known, and so is, often, who its wrapper is. When the time is over, or that wrapper has been dead for long, whatever provably
 * belongs to the run is ended; and when its lock is held all the same, it is held by nobody who could be waited for.
 *
 * @module
 */
import type { SubmitRequest } from "./Agent.ts"
import { refuseRequest } from "./refuseRequest.ts"

export const default_grace_ms = 5_000

export interface Limits {
  /** How long the run may take in all. */
  readonly run_ms: number
  /** How long its lock may be held when its wrapper is known to be dead; somebody may be ending what it left. */
  readonly orphaned_ms: number
  /** How long its lock may be held when everybody who could be found has been ended. */
  readonly ended_ms: number
}

/** What the declaration gives the run, and its grace. A spec that cannot be run gives none. */
export const limitsOf = (request: SubmitRequest, overrun_ms: number): Limits & { readonly grace_ms: number } => {
  const isRunnable = refuseRequest(request) === undefined
  const { grace_ms = default_grace_ms, timeLimit_ms } = isRunnable ? request.spec : { timeLimit_ms: 0 }
  const orphaned_ms = grace_ms + overrun_ms
  return { grace_ms, run_ms: timeLimit_ms + orphaned_ms, orphaned_ms, ended_ms: overrun_ms }
}

/** What to do next: wait for one more look, end all that is left of the run, or wait for nobody any more. */
export type Next = "wait" | "end" | "stop"

export interface Patience {
  /** To be asked at each look that finds the lock held. */
  readonly next: (isOrphaned: boolean) => Next
  /** A run has begun just now: its time starts anew. */
  readonly restart: () => void
}

/** @param look_ms the time between two looks */
export const makePatience = ({ ended_ms, orphaned_ms, run_ms }: Limits, look_ms: number): Patience => {
  let waited_ms = 0
  let orphanedFor_ms = 0
  let endedFor_ms: number | undefined
  return {
    next: (isOrphaned) => {
      if (endedFor_ms !== undefined) {
        endedFor_ms += look_ms
        return endedFor_ms > ended_ms ? "stop" : "wait"
      }
      waited_ms += look_ms
      orphanedFor_ms = isOrphaned ? orphanedFor_ms + look_ms : 0
      if (waited_ms <= run_ms && orphanedFor_ms <= orphaned_ms) return "wait"
      endedFor_ms = 0
      return "end"
    },
    restart: () => {
      waited_ms = 0
      orphanedFor_ms = 0
      endedFor_ms = undefined
    },
  }
}
