import { answered, refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-304",
  level: 3,
  source: "JobSpec v0 §5.3",
  statement: "A job is cancelled by the id in the path, with or without a body that agrees with it.",
  violation: "the body's id wins over the path's.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    const path = (id: string): string => `/v1/jobs/${id}/cancel`
    for (const body of [undefined, "", " ", "null", "{}", "same"]) {
      const job_id = `${desk.fresh()} é`
      await desk.submit({ job_type: "eval.suite", job_id })
      const sent = body === "same" ? { job_id: ` ${job_id} `, reason: "path" } : body
      const answer = answered(
        `the body ${JSON.stringify(body)}`,
        await desk.post(path(encodeURIComponent(job_id)), sent),
        202,
      )
      same("the outcome", [answer["outcome"], doc(answer["job"], "job")["job_id"]], ["cancelled", job_id])
    }
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    refused(
      "a body that names another",
      await desk.post(path(job_id), { job_id: "other" }),
      400,
      "job_id does not match path",
    )
    refused("a body that is none", await desk.post(path(job_id), "{"), 400, "invalid json")
    refused("a blank id", await desk.post(path("%20"), {}), 400, "job_id is required")
    refused("an unknown id", await desk.post(path(desk.fresh("absent")), {}), 404, "daemon queue: job not found")
    refused(
      "an encoded slash",
      await desk.post(path("a%2Fb"), {}),
      403,
      "daemon mutation denied: path outside mutation scope",
    )
    const { headers, status } = await desk.get(path(job_id))
    same("GET", [status, headers.get("allow")], [405, "POST"])
  },
})
