import { holds, same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, long_lease, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-03",
  level: 3,
  source: "JobSpec v0 §10.5, §16.1",
  statement:
    "A claim gives the next epoch, the next attempt, a new token and a lease that ends later; status tells them.",
  violation: "an epoch that begins again with each worker, or a token that is made from what everybody knows.",
  needs: ["works"],
  check: async (desk) => {
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    const tokens = new Set<string>()
    for (const count of [1, 2]) {
      const { answer, claim_token, lease_epoch } = await claim(desk, job_id, long_lease, {})
      tokens.add(claim_token)
      same("the epoch", lease_epoch, count)
      const ends = Date.parse(text(answer, "lease_expires_at"))
      holds("the lease ends in about ten minutes", Math.abs(ends - Date.now() - 600_000) < 120_000, answer)
      const job = (await desk.job(job_id)) ?? {}
      same(
        "the job in status",
        [job["status"], job["attempt"], job["lease_epoch"], job["lease_expires_at"]],
        ["running", count, count, answer["lease_expires_at"]],
      )
      same("the release", (await work(desk, job_id, "release", { claim_token, lease_epoch })).status, 200)
    }
    same("how many tokens", tokens.size, 2)
  },
})
