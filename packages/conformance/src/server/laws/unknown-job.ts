import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-19",
  level: 3,
  source: "JobSpec v0 §10.4, §10.7",
  statement: "Nobody claims, holds or ends a job that was never submitted: 404, and nothing is recorded.",
  violation: "a claim creates what it asks for.",
  needs: ["works"],
  check: async (desk) => {
    const job_id = desk.fresh("absent")
    for (const verb of ["claim", "heartbeat", "complete", "fail"] as const)
      refused(
        verb,
        await work(desk, job_id, verb, verb === "claim" ? {} : { claim_token: "x", lease_epoch: 1 }),
        404,
        "daemon queue: job not found",
      )
    same("the events", await typesOf(desk, job_id), [])
  },
})
