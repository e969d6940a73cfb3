/**
 * The kit's own fold of a job's events (JobSpec v0 §11), written apart from any implementation, for comparing what a server says
 * with what it recorded.
 *
 * @module
 */
import { doc, type Doc, text } from "./documents.ts"

export interface FoldedJob {
  readonly status: string
  readonly attempt: number
  readonly lease_epoch: number
  readonly last_event_id: string
  readonly request_ids: ReadonlyArray<string>
  readonly result_status: string | undefined
}

const ends: Readonly<Record<string, readonly [status: string, result: string]>> = {
  "job.completed": ["completed", "succeeded"],
  "job.failed": ["failed", "failed"],
  "job.cancelled": ["cancelled", "cancelled"],
}

const numberOr = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise)

const next = (job: FoldedJob | undefined, event: Doc): FoldedJob => {
  const [type, request_id] = [text(event, "event_type"), text(event, "request_id")]
  const before: FoldedJob = job ?? {
    status: "queued",
    attempt: 0,
    lease_epoch: 0,
    last_event_id: "",
    request_ids: [],
    result_status: undefined,
  }
  if (before.result_status !== undefined) return before
  const payload = doc(event["payload"] ?? {})
  const [end, result] = ends[type] ?? []
  const isHeld = type === "job.claimed" || type === "job.heartbeat"
  return {
    status:
      end ??
      (isHeld
        ? "running"
        : type === "job.lease_expired"
          ? "retry_waiting"
          : type === "job.accepted"
            ? "queued"
            : before.status),
    attempt: numberOr(payload["attempt"], before.attempt),
    lease_epoch: isHeld ? numberOr(payload["lease_epoch"], before.lease_epoch) : before.lease_epoch,
    last_event_id: text(event, "event_id"),
    request_ids: before.request_ids.includes(request_id) ? before.request_ids : [...before.request_ids, request_id],
    result_status: result,
  }
}

/** Every job of some events, which must be whole histories, in order. */
export const foldJobs = (events: ReadonlyArray<Doc>): ReadonlyMap<string, FoldedJob> => {
  const jobs = new Map<string, FoldedJob>()
  for (const event of events)
    if (text(event, "event_type").startsWith("job.")) {
      const job_id = text(event, "job_id")
      jobs.set(job_id, next(jobs.get(job_id), event))
    }
  return jobs
}
