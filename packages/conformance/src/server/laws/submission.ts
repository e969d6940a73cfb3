import { holds, same } from "../Desk.ts"
import { doc, number, pick, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-201",
  level: 2,
  source: "JobSpec v0 §5.1, §16.1",
  statement: "A submission is answered 202 with the job's ids, its status and the state of the projections.",
  violation: "an answer that is made from the request and not from what was recorded.",
  needs: ["mutates"],
  check: async (desk) => {
    const [job_id, request_id, idempotency_key] = [desk.fresh(), desk.fresh("req"), desk.fresh("key")]
    const answer = await desk.submit({
      job_id,
      request_id,
      idempotency_key,
      job_type: "rpi.run",
      payload: { goal: "x" },
    })
    const [event] = await desk.eventsOf(job_id)
    const expected = {
      accepted: true,
      request_id,
      job_id,
      status: "queued",
      idempotency_key,
      last_event_id: event?.["event_id"],
    }
    same("the answer", pick(answer, expected), expected)
    holds("projection_status", ["current", "stale", "degraded"].includes(text(answer, "projection_status")), answer)
    number(doc(answer["projection_lag"], "projection_lag"), "event_count")
  },
})
