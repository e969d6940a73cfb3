import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-303",
  level: 3,
  source: "JobSpec v0 §4, §5.2",
  statement: "A cancellation of an unknown job is a 404, of no job a 400, and the id is matched exactly.",
  violation: "an unknown id is answered as if it had been cancelled.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    const end = await desk.end()
    for (const id of [desk.fresh("absent"), ` ${job_id}`, job_id.toUpperCase()])
      refused(`the id "${id}"`, await desk.cancel(id), 404, "daemon queue: job not found")
    for (const body of [{}, { job_id: "" }, { job_id: null }])
      refused(JSON.stringify(body), await desk.post("/v1/jobs/cancel", body), 400, "job_id is required")
    for (const body of ["", "[]", "{"])
      refused(`the body "${body}"`, await desk.post("/v1/jobs/cancel", body), 400, "invalid json")
    refused(
      "a malformed request id",
      await desk.cancel(job_id, { request_id: "a b" }),
      400,
      'request_id "a b" must not contain whitespace',
    )
    same("the ledger's last event", await desk.end(), end)
  },
})
