/**
 * The attempts of a run, as they are shown.
 *
 * @module
 */
import { type Attempt, attemptOf, type Check, type Job } from "@waybill/workspace-job"

export interface ShownAttempt {
  readonly attempt: number
  readonly status: "running" | "verified" | "verifier_rejected" | "failed"
  readonly bytes?: number
  readonly sha256?: string
  readonly summary?: string
  readonly checks?: ReadonlyArray<Check>
  readonly failure?: { readonly phase: string; readonly code: string; readonly reason: string }
  /** Why the attempt failed, in words; where that is kept on this machine. */
  readonly note?: string
}

const shown = (attempt: Attempt): ShownAttempt => {
  const { artifactReadbackVerified: read, request, terminal } = attempt
  const { index } = attemptOf(request)
  const made = read === undefined ? {} : { bytes: read.payload.bytes, sha256: read.payload.sha256 }
  if (terminal === undefined) return { attempt: index, status: "running", ...made }
  if (terminal.kind === "failed") {
    const { code, phase, reason } = terminal.payload.failure
    return { attempt: index, status: "failed", ...made, failure: { phase, code, reason } }
  }
  const { checks, summary } = terminal.payload
  return { attempt: index, status: terminal.kind, ...made, ...(summary === undefined ? {} : { summary }), checks }
}

/** Every attempt, the first one first. */
export const attemptsOf = (job: Job | undefined): ReadonlyArray<ShownAttempt> =>
  job === undefined ? [] : [...job.earlier, job.current].map(shown)
