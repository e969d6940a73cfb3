import { same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-12",
  level: 3,
  source: "JobSpec v0 §10.8, §16.1",
  statement:
    "A job ends once: of a completion, a failure and cancellations at the same time one is recorded, and every answer agrees with it.",
  violation: "the last one wins, so that a consumer acts upon an end that is no longer there.",
  needs: ["works", "cancels"],
  check: async (desk) => {
    for (let round = 0; round < 6; round++) {
      const { hold, job_id } = await held(desk)
      const answers = await Promise.all([
        work(desk, job_id, "complete", hold),
        work(desk, job_id, "fail", hold),
        desk.cancel(job_id),
        desk.cancel(job_id),
      ])
      const types = await typesOf(desk, job_id)
      const ends = types.filter((type) => ["job.completed", "job.failed", "job.cancelled"].includes(type))
      same("how many ends", ends.length, 1)
      const status = ends[0]?.replace("job.", "")
      for (const answer of answers)
        if (answer.status < 300) same("the status in an answer", doc(doc(answer.json)["job"], "job")["status"], status)
      same("the status in the end", (await desk.job(job_id))?.["status"], status)
    }
  },
})
