import { same } from "../Desk.ts"
import { pick } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-204",
  level: 2,
  source: "JobSpec v0 §5.1, §16.1",
  statement: "The same job id again finds the job that is there, whatever else is asked for, and appends nothing.",
  violation: "a retry makes a second job, or sets a running one back to queued.",
  needs: ["mutates"],
  check: async (desk) => {
    const job_id = desk.fresh()
    const first = await desk.submit({ job_id, job_type: "eval.suite", request_id: desk.fresh("req") })
    const end = await desk.end()
    for (const more of [
      {},
      { job_type: "wiki.build" },
      { payload: { a: 1 } },
      { request_id: desk.fresh("req") },
      { idempotency_key: desk.fresh("key") },
    ]) {
      const again = await desk.submit({ job_id, job_type: "eval.suite", ...more })
      const expected = {
        job_id,
        request_id: first["request_id"],
        status: "queued",
        last_event_id: first["last_event_id"],
      }
      same(`the answer to ${JSON.stringify(more)}`, pick(again, expected), expected)
    }
    same("the ledger's last event", await desk.end(), end)
  },
})
