/**
 * What a worker tells while it works. For display, logs and tests; nothing depends on it.
 *
 * @module
 */
import type { ClaimedJob, JobFailed, LeaseLost, QueueUnavailable } from "./WorkQueue.ts"

export type WorkerEvent =
  | { readonly kind: "claimed"; readonly job: ClaimedJob }
  | { readonly kind: "completed"; readonly job: ClaimedJob }
  | { readonly kind: "failed"; readonly job: ClaimedJob; readonly failure: JobFailed }
  /** The hold was lost, the work was given up and nothing was recorded. */
  | { readonly kind: "lost"; readonly job: ClaimedJob; readonly reason: LeaseLost["reason"] }
  /** The worker is asked to end while this job is at work. */
  | { readonly kind: "draining"; readonly job: ClaimedJob }
  /** The job was handed back; the next worker need not wait for the lease's end. */
  | { readonly kind: "released"; readonly job: ClaimedJob }
  /** The queue could not be asked; it is asked again after `pause_ms`. */
  | { readonly kind: "unavailable"; readonly error: QueueUnavailable; readonly pause_ms: number }

/** Told each event as it happens. One that throws, or whose promise rejects, is reported in the log; the worker goes on. */
export type WorkerObserver = (event: WorkerEvent) => void
