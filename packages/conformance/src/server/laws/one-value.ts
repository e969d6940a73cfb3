import { same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-011",
  level: 0,
  source: "JobSpec v0 §1.2",
  statement: "A body is one JSON value, of whatever type the request says; what follows the value is ignored.",
  violation: "the type of the content is checked, or the rest of the body is parsed too.",
  needs: ["mutates"],
  check: async (desk) => {
    const body = (job_id: string): string => `{"job_type":"eval.suite","job_id":"${job_id}"}`
    const ways = [
      { headers: { "Content-Type": "text/plain" }, rest: "" },
      { headers: { "Content-Type": "application/x-www-form-urlencoded" }, rest: "" },
      { headers: {}, rest: " trailing" },
      { headers: {}, rest: "{}{" },
    ]
    for (const { headers, rest } of ways) {
      const job_id = desk.fresh()
      const answer = await desk.post("/v1/jobs", body(job_id) + rest, { headers })
      same(JSON.stringify([headers, rest]), [answer.status, doc(answer.json)["job_id"]], [202, job_id])
      await desk.cancel(job_id)
    }
  },
})
