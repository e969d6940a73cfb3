import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-219",
  level: 2,
  source: "JobSpec v0 §5.6, §16.1",
  statement:
    "After a failure that left no acknowledgement, the same key again finds the job if it was recorded and records it if not; once in any case.",
  violation: "the retry is recognised by its request id, or not at all.",
  needs: ["mutates", "failpoints"],
  check: async (desk) => {
    for (const [point, count] of [
      ["before_append", 0],
      ["after_append_before_ack", 1],
    ] as const) {
      const [job_id, idempotency_key] = [desk.fresh(), desk.fresh("key")]
      const fields = { job_type: "eval.suite", job_id, idempotency_key }
      const headers = { "X-AgentOps-Failpoint": point }
      refused(point, await desk.post("/v1/jobs", fields, { headers }), 503, `daemon queue failpoint: ${point}`)
      same(`events after ${point}`, (await desk.eventsOf(job_id)).length, count)
      same("the retry", (await desk.submit(fields))["job_id"], job_id)
      same("a retry reaches no failpoint", (await desk.post("/v1/jobs", fields, { headers })).status, 202)
      same("events in the end", (await desk.eventsOf(job_id)).length, 1)
    }
  },
})
