import { answered, holds, same } from "../Desk.ts"
import { doc, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-14",
  level: 3,
  source: "JobSpec v0 §10.7",
  statement:
    "A heartbeat moves the end of the lease to now and a lease's length, keeps epoch and attempt, and may add artifacts.",
  violation: "the lease grows from its old end, or the attempt is counted again.",
  needs: ["works"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    const answer = answered(
      "the heartbeat",
      await work(desk, job_id, "heartbeat", { ...hold, lease: "5m", artifacts: { log: "a" } }),
    )
    const job = doc(answer["job"], "job")
    const left_ms = Date.parse(text(job, "lease_expires_at")) - Date.now()
    holds("the lease ends in about five minutes", Math.abs(left_ms - 300_000) < 120_000, job["lease_expires_at"])
    same(
      "the job",
      [job["status"], job["attempt"], job["lease_epoch"], job["artifacts"]],
      ["running", 1, 1, { log: "a" }],
    )
    same("the events", await typesOf(desk, job_id), ["job.accepted", "job.claimed", "job.heartbeat"])
    answered("the completion", await work(desk, job_id, "complete", hold))
  },
})
