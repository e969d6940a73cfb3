import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, held, work } from "../workers.ts"

export default serverLaw({
  id: "LEDGER-04",
  level: 3,
  source: "JobSpec v0 §10, §16.1",
  statement: "A hold survives a restart: whoever held a job still does, and nobody else gets it meanwhile.",
  violation: "leases in memory: after a restart two workers have the same job.",
  needs: ["works"],
  hooks: ["restart"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    await desk.restart()
    refused("another claim", await work(desk, job_id, "claim"), 409)
    same("the heartbeat", (await work(desk, job_id, "heartbeat", hold)).status, 200)
    await work(desk, job_id, "release", hold)
    const next = await claim(desk, job_id)
    same("the epoch", next.lease_epoch, hold.lease_epoch + 1)
    await desk.restart()
    refused("the earlier hold", await work(desk, job_id, "complete", hold), 409)
    same(
      "the later hold",
      (await work(desk, job_id, "complete", { claim_token: next.claim_token, lease_epoch: next.lease_epoch })).status,
      200,
    )
  },
})
