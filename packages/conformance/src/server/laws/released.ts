import { answered, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, held, powerless, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-18",
  level: 3,
  source: "docs/workers.md",
  statement: "A job that its worker gives back can be claimed at once; the hold is worth nothing from then on.",
  violation: "the next worker has to wait until the lease would have ended.",
  needs: ["works"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    answered("the release", await work(desk, job_id, "release", hold))
    same("the job", (await desk.job(job_id))?.["status"], "retry_waiting")
    await powerless(desk, job_id, hold, "after the release")
    same("the next epoch", (await claim(desk, job_id)).lease_epoch, 2)
  },
})
