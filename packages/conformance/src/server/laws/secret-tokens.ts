import { refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-20",
  level: 3,
  source: "JobSpec v0 §18.6",
  statement:
    "What anybody can read does not hold a job: the claim token that status and events show, if any, cannot be used.",
  violation: "the token stands in the status document, which needs no token to be read.",
  needs: ["works"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    const job = (await desk.job(job_id)) ?? {}
    const [, claimed] = await desk.eventsOf(job_id)
    for (const shown of [job["claim_token"], doc(claimed?.["payload"], "payload")["claim_token"]])
      if (typeof shown === "string" && shown !== "")
        refused(
          "a completion with the token that is shown",
          await work(desk, job_id, "complete", { ...hold, claim_token: shown }),
          409,
        )
    same("the present hold still counts", (await work(desk, job_id, "complete", hold)).status, 200)
  },
})
