import { eventId, type JsonObject, type RecordedEvent } from "@waybill/ledger"

/** How many jobs are under way at the same time: their events interleave in the ledger. */
const under_way = 64

const steps = ["job.accepted", "job.claimed", "job.heartbeat", "job.heartbeat", "job.completed"] as const

const payloadOf = (type: (typeof steps)[number], job: number, step: number): JsonObject => {
  const worker = `worker-${job % 8}`
  switch (type) {
    case "job.accepted":
      return {
        job_type: job % 3 === 0 ? "wiki.build" : "rpi.run",
        job_payload: { goal: `make report ${job}`, branch: "main" },
        max_attempts: 3,
        projection_targets: ["rpi-registry", "daemon-status"],
      }
    case "job.claimed":
      return {
        worker,
        lease_epoch: 1,
        attempt: 1,
        claim_token: String(job).padStart(32, "0"),
        lease_expires_at: "2026-04-28T12:05:00Z",
      }
    case "job.heartbeat":
      return {
        worker,
        lease_epoch: 1,
        claim_token: String(job).padStart(32, "0"),
        lease_expires_at: `2026-04-28T12:0${step}:30Z`,
      }
    case "job.completed":
      return {
        worker,
        lease_epoch: 1,
        claim_token: String(job).padStart(32, "0"),
        artifacts: { report: `sha256:${job}` },
      }
  }
}

/** Events like those of a queue: five a job, sixty-four jobs under way. Exactly `count`, at positions from 1. */
export const jobspecEvents = (count: number): ReadonlyArray<RecordedEvent> => {
  const events: Array<RecordedEvent> = []
  const open = Array.from({ length: under_way }, (_, job) => ({ job, step: 0 }))
  let next = under_way
  for (let turn = 0; events.length < count; turn++) {
    const slot = turn % under_way
    const current = open[slot]
    const type = current === undefined ? undefined : steps[current.step]
    if (current === undefined || type === undefined) {
      open[slot] = { job: next++, step: 0 }
      continue
    }
    const position = events.length + 1
    const job_id = `job_rpi_${String(current.job).padStart(6, "0")}`
    events.push({
      position,
      schema_version: 1,
      event_id: eventId(type, job_id, position),
      request_id: `req_${job_id}_${String(position).padStart(6, "0")}`,
      job_id,
      event_type: type,
      occurred_at: "2026-04-28T12:00:00.123456Z",
      actor: type === "job.accepted" ? "ao-http:legacy" : `worker:worker-${current.job % 8}`,
      payload: payloadOf(type, current.job, current.step),
    })
    current.step++
  }
  return events
}
