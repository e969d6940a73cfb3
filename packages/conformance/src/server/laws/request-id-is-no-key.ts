import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-207",
  level: 2,
  source: "JobSpec v0 §5.1",
  statement: "A request id names no job: two submissions under one are two jobs.",
  violation: "request ids are used to recognise retries.",
  needs: ["mutates"],
  check: async (desk) => {
    const request_id = desk.fresh("req")
    const ids = [
      await desk.submit({ request_id, job_type: "eval.suite" }),
      await desk.submit({ request_id, job_type: "eval.suite" }),
    ].map((answer) => answer["job_id"])
    same("how many jobs", new Set(ids).size, 2)
  },
})
