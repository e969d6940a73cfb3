import { parseTime, type RecordedEvent } from "@waybill/ledger"
import type { Law } from "../Law.ts"
import { textOf } from "../work.ts"

interface Hold {
  readonly token: unknown
  readonly epoch: unknown
  readonly until_ms: number
}

const by_holder = new Set(["job.heartbeat", "job.completed", "job.lease_expired"])

const untilOf = ({ payload }: RecordedEvent): number =>
  Number((parseTime(textOf(payload["lease_expires_at"])) ?? 0n) / 1_000_000n)

const law: Law = {
  id: "SIM-07",
  statement:
    "A job has one holder: it is claimed again only once its lease has passed or was given back, the epoch rises by one, and only the holder of the live lease is heard.",
  violation: "a worker that stood still for longer than its lease comes back and reports, and is believed.",
  *check({ events, plan: { lease_ms } }) {
    const holds = new Map<string, Hold>()
    const epochs = new Map<string, number>()
    for (const event of events) {
      const { event_id, event_type, job_id, payload } = event
      const hold = holds.get(job_id)
      const isHolders = hold?.token === payload["claim_token"] && hold?.epoch === payload["lease_epoch"]
      // A lease runs from the moment that was decided on, which is therefore known.
      const decided_ms = untilOf(event) - lease_ms
      if (event_type === "job.claimed") {
        const epoch = (epochs.get(job_id) ?? 0) + 1
        if (payload["lease_epoch"] !== epoch)
          yield `${event_id} has epoch ${textOf(payload["lease_epoch"])}, not ${epoch}`
        if (hold !== undefined && decided_ms < hold.until_ms)
          yield `${event_id} was decided ${hold.until_ms - decided_ms} ms before the lease before it ended`
        epochs.set(job_id, epoch)
        holds.set(job_id, { token: payload["claim_token"], epoch, until_ms: untilOf(event) })
        continue
      }
      const isFromWorker = by_holder.has(event_type) || (event_type === "job.failed" && "claim_token" in payload)
      if (isFromWorker && !isHolders) yield `${event_id} is not by the holder of the lease`
      if (event_type === "job.heartbeat") {
        if (hold !== undefined && decided_ms >= hold.until_ms)
          yield `${event_id} came ${decided_ms - hold.until_ms} ms too late`
        holds.set(job_id, { token: payload["claim_token"], epoch: payload["lease_epoch"], until_ms: untilOf(event) })
      }
      if (event_type === "job.lease_expired") holds.delete(job_id)
    }
  },
}
export default law
