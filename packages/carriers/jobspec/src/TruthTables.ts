/**
 * The contract's truth tables (JobSpec v0 §12.5).
 *
 * @module
 */
import type { Status } from "./QueueJob.ts"

export interface JobSigns {
  /** The status its terminal event gave it, if there is one. */
  readonly terminal?: "completed" | "failed" | "cancelled"
  readonly lease: "fresh" | "expired" | "none"
  /** Whether its projection is stale. */
  readonly isStale: boolean
}

/** What a job's status is, from its three signs. `degraded` is legal and nothing here produces it but this table. */
export const jobStatusFrom = ({ isStale, lease, terminal }: JobSigns): Status | "degraded" => {
  if (terminal !== undefined) return terminal
  if (isStale) return "degraded"
  switch (lease) {
    case "fresh":
      return "running"
    case "expired":
      return "retry_waiting"
    case "none":
      return "queued"
  }
}

export interface SnapshotSigns {
  readonly replay: "complete" | "corrupt"
  readonly fileExists: boolean
  readonly isVersionSupported: boolean
}

/** What becomes of a stored projection snapshot. */
export const snapshotResult = (signs: SnapshotSigns): "degraded" | "missing" | "incompatible" | "serve" => {
  if (signs.replay === "corrupt") return "degraded"
  if (!signs.fileExists) return "missing"
  return signs.isVersionSupported ? "serve" : "incompatible"
}
