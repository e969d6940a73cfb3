import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, powerless, lapsed, short_lease, typesOf } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-07",
  level: 3,
  source: "JobSpec v0 §10.7",
  statement: "Once its lease has ended a hold counts no more, although nobody else has claimed the job.",
  violation: "a heartbeat after the end brings the lease back to life.",
  needs: ["works"],
  check: async (desk) => {
    const { answer, hold, job_id } = await held(desk, short_lease)
    await lapsed(desk, answer)
    await powerless(desk, job_id, hold, "after the lease has ended")
    same("the events", await typesOf(desk, job_id), ["job.accepted", "job.claimed"])
  },
})
