import { answered, same } from "../Desk.ts"
import { doc, list, type Doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-403",
  level: 4,
  source: "JobSpec v0 §12, §16.1",
  statement: "Consumers read the same jobs, in the same state, as status tells.",
  violation: "a read model of its own that falls behind.",
  needs: ["consumers"],
  check: async (desk) => {
    if (desk.can.mutates) {
      const { job_id } = await desk.submit({ job_type: "rpi.run" })
      await desk.submit({ job_type: "wiki.build" })
      if (desk.can.cancels) await desk.cancel(String(job_id))
    }
    const brief = (jobs: ReadonlyArray<Doc>) =>
      jobs.map((job) => [job["job_id"], job["status"], job["result_status"], job["last_event_id"], job["request_id"]])
    const set = doc(answered("/v1/status", await desk.get("/v1/status"))["projections"], "projections")
    for (const { prefix } of desk.can.consumers) {
      const resources = list(answered("jobs", await desk.get(`${prefix}/jobs`)), "jobs")
      same(`${prefix}/jobs and projections.jobs`, brief(resources), brief(list(set, "jobs")))
      const runs = list(answered("runs", await desk.get(`${prefix}/runs`)), "runs")
      const both = [...list(doc(set["rpi"], "rpi"), "runs"), ...list(doc(set["dream"], "dream"), "runs")]
      const order = (rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
        rows.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
      same(`${prefix}/runs and the runs of status`, order(brief(runs)), order(brief(both)))
    }
  },
})
