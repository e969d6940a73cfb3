import { answered, same } from "../Desk.ts"
import { doc, list, text } from "../documents.ts"
import { foldJobs } from "../fold.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "PROJECTION-02",
  level: 1,
  source: "JobSpec v0 §12.3",
  statement: "What the projections tell of each job is the fold of its events, and no job is missing.",
  violation: "events that come between a snapshot and its reading are dropped.",
  check: async (desk) => {
    if (desk.can.mutates) {
      const { job_id } = await desk.submit({ job_type: "wiki.build" })
      if (desk.can.cancels) await desk.cancel(String(job_id))
      await desk.submit({ job_type: "wiki.build" })
    }
    const folded = foldJobs(await desk.events())
    const jobs = list(doc(answered("/v1/status", await desk.get("/v1/status"))["projections"], "projections"), "jobs")
    const told = new Map(jobs.map((job) => [text(job, "job_id"), [job["status"], job["result_status"]]]))
    for (const [job_id, { result_status, status }] of folded) {
      desk.about([job_id, "/v1/events", "/v1/status"])
      same(`${job_id} in the projections`, told.get(job_id), [
        status === "retry_waiting" ? told.get(job_id)?.[0] : status,
        result_status,
      ])
    }
  },
})
