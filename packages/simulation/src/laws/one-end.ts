import type { Law } from "../Law.ts"

const ends = new Set(["job.completed", "job.failed", "job.cancelled"])
const queue_facts = new Set([...ends, "job.accepted", "job.claimed", "job.heartbeat", "job.lease_expired"])

const law: Law = {
  id: "SIM-06",
  statement: "A job has one end, and nothing happens to it in the queue afterwards.",
  violation: "two workers, or a worker and a cancellation, end a job at the same moment, and both are recorded.",
  *check({ events }) {
    const ended = new Map<string, string>()
    for (const { event_id, event_type, job_id } of events) {
      if (!queue_facts.has(event_type)) continue
      const before = ended.get(job_id)
      if (before !== undefined) yield `${event_id} comes after ${before}`
      if (ends.has(event_type) && before === undefined) ended.set(job_id, event_id)
    }
  },
}
export default law
