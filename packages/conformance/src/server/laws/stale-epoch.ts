import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, held, powerless, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-05",
  level: 3,
  source: "JobSpec v0 §10.7, §16.1",
  statement:
    "A hold that is not the present claim's is powerless: an earlier epoch, another token, or another epoch changes nothing.",
  violation: "a late worker finishes a job that somebody else is working on.",
  needs: ["works"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    await work(desk, job_id, "release", hold)
    const now = await claim(desk, job_id)
    const end = await desk.end()
    const { claim_token, lease_epoch } = now
    await powerless(desk, job_id, hold, "with the hold before")
    await powerless(desk, job_id, { claim_token: hold.claim_token, lease_epoch }, "with the token before")
    await powerless(desk, job_id, { claim_token, lease_epoch: hold.lease_epoch }, "with the epoch before")
    await powerless(desk, job_id, { claim_token, lease_epoch: lease_epoch + 1 }, "with the epoch after")
    await powerless(desk, job_id, {}, "without a hold")
    refused("release with the hold before", await work(desk, job_id, "release", hold), 409)
    same("the ledger's last event", await desk.end(), end)
    same(
      "the present hold still counts",
      (await work(desk, job_id, "complete", { claim_token, lease_epoch })).status,
      200,
    )
  },
})
