import { answered, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-301",
  level: 3,
  source: "JobSpec v0 §5.2, §16.1",
  statement: "A live job is cancelled with one event that says why.",
  violation: "the answer comes before the event, or the reason is lost.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    for (const [sent, reason] of [
      [{ reason: " because " }, "because"],
      [{ reason: "  " }, "cancelled"],
      [{}, "cancelled"],
    ] as const) {
      const [job_id, request_id] = [desk.fresh(), desk.fresh("req")]
      await desk.submit({ job_type: "eval.suite", job_id, request_id })
      const answer = answered("the cancellation", await desk.cancel(job_id, sent), 202)
      same(
        "the outcome",
        [answer["cancelled"], answer["outcome"], doc(answer["job"], "job")["status"]],
        [true, "cancelled", "cancelled"],
      )
      const events = await desk.eventsOf(job_id)
      same(
        "its events",
        events.map((event) => event["event_type"]),
        ["job.accepted", "job.cancelled"],
      )
      const payload = doc(events.at(-1)?.["payload"], "payload")
      same("the reason", [payload["reason"], payload["result_status"]], [reason, "cancelled"])
      same("the request it is recorded under", events.at(-1)?.["request_id"], request_id)
    }
  },
})
