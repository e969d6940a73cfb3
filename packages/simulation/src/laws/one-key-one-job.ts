import type { Law } from "../Law.ts"
import { textOf } from "../work.ts"

const law: Law = {
  id: "SIM-04",
  statement: "However often and from however many clients a job is asked for under one key, it is taken in once.",
  violation: "a submission whose answer was lost is sent again, and makes a second job.",
  *check({ events, intents }) {
    const taken = new Map<string, Array<string>>()
    for (const { event_type, job_id, payload } of events) {
      if (event_type !== "job.accepted") continue
      const key = textOf(payload["idempotency_key"])
      taken.set(key, [...(taken.get(key) ?? []), job_id])
    }
    for (const { key } of intents) {
      const jobs = taken.get(key) ?? []
      if (jobs.length !== 1) yield `${key} was taken in ${jobs.length} times: ${jobs.join(" ")}`
    }
  },
}
export default law
