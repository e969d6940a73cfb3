import { answered, same } from "../Desk.ts"
import { doc, list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-203",
  level: 2,
  source: "JobSpec v0 §5.1, §16.1",
  statement: "Whoever was told 202 sees the job in events, status and projections with the next request.",
  violation: "reads from a copy that is refreshed now and then.",
  needs: ["mutates"],
  check: async (desk) => {
    for (let i = 0; i < 15; i++) {
      // Whoever keeps answers has one now, from before the job.
      for (const path of ["/v1/events?limit=1", "/v1/status"]) await desk.get(path, { deadline_ms: 60_000 })
      const { job_id, last_event_id } = await desk.submit({ job_type: "rpi.run" })
      const status = answered("/v1/status", await desk.get("/v1/status"))
      const inQueue = list(doc(status["queue"], "queue"), "jobs").some((job) => job["job_id"] === job_id)
      const inProjection = list(doc(status["projections"], "projections"), "jobs").some(
        (job) => job["job_id"] === job_id,
      )
      const inEvents = (await desk.recent()).some((event) => event["event_id"] === last_event_id)
      same("in queue, projections and events", [inQueue, inProjection, inEvents], [true, true, true])
    }
  },
})
