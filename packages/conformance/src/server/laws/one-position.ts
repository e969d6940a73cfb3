import { answered, same } from "../Desk.ts"
import { doc, list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-110",
  level: 1,
  source: "JobSpec v0 §3.2–3.4",
  statement: "Readiness, status and events agree on how many events there are and which is the last.",
  violation: "each answer has its own cache.",
  check: async (desk) => {
    if (desk.can.mutates) {
      const job_id = desk.fresh()
      await desk.submit({ job_type: "eval.suite", job_id })
      // More events than jobs, so that neither passes for the other.
      if (desk.can.cancels) await desk.cancel(job_id)
    }
    const ready = doc(answered("/v1/ready", await desk.get("/v1/ready"))["projection_lag"], "projection_lag")
    const status = answered("/v1/status", await desk.get("/v1/status"))
    const told = answered("/v1/events", await desk.get("/v1/events"))
    const events = list(told, "events")
    const last = events.at(-1)?.["event_id"]
    same(
      "event_count of readiness and status",
      [ready["event_count"], doc(status["projection_lag"], "projection_lag")["event_count"]],
      [events.length, events.length],
    )
    same(
      "the last event",
      [
        ready["last_event_id"],
        doc(status["queue"], "queue")["last_event_id"],
        doc(status["projections"], "projections")["last_event_id"],
        told["last_event_id"],
      ],
      [last, last, last, last],
    )
  },
})
