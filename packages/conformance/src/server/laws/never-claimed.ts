import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { powerless, typesOf } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-06",
  level: 3,
  source: "JobSpec v0 §10.7, §18.6",
  statement: "Nobody holds a job that was never claimed: an empty token with epoch 0 is refused.",
  violation: "an absent token equals an empty one.",
  needs: ["works"],
  check: async (desk) => {
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    for (const hold of [{ claim_token: "", lease_epoch: 0 }, {}, { claim_token: "x", lease_epoch: 1 }])
      await powerless(desk, job_id, hold, "of a job that was never claimed")
    same("the events", await typesOf(desk, job_id), ["job.accepted"])
  },
})
