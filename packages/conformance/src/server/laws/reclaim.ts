import { holds, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, held, lapsed, short_lease, typesOf } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-08",
  level: 3,
  source: "JobSpec v0 §10.6, §16.1",
  statement:
    "A job whose lease has ended shows as retry_waiting, without an event, and can be claimed again; nothing of its history is lost.",
  violation:
    "expiry that only a timer writes, so that a job is lost when the timer is; or a reclaim that starts the history anew.",
  needs: ["works"],
  check: async (desk) => {
    const { answer, hold, job_id } = await held(desk, short_lease)
    await lapsed(desk, answer)
    const waiting = (await desk.job(job_id)) ?? {}
    same(
      "the job after its lease",
      [waiting["status"], waiting["attempt"], waiting["lease_epoch"]],
      ["retry_waiting", 1, 1],
    )
    const next = await claim(desk, job_id)
    same("its epoch", next.lease_epoch, 2)
    holds("its token is another", next.claim_token !== hold.claim_token, "the same token")
    same(
      "the job in status",
      [(await desk.job(job_id))?.["status"], (await desk.job(job_id))?.["attempt"]],
      ["running", 2],
    )
    const types = await typesOf(desk, job_id)
    same("its claims", types.filter((type) => type === "job.claimed").length, 2)
    same("its beginning", types[0], "job.accepted")
  },
})
