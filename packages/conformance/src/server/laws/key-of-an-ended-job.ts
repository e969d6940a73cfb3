import { answered, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-206",
  level: 2,
  source: "JobSpec v0 §5.1",
  statement: "A key or id of a job that has ended finds that job as it is; nothing starts again.",
  violation: "the lookup is among open jobs only.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    const [job_id, idempotency_key] = [desk.fresh(), desk.fresh("key")]
    await desk.submit({ job_id, idempotency_key, job_type: "eval.suite" })
    answered("the cancellation", await desk.cancel(job_id), 202)
    const end = await desk.end()
    for (const fields of [{ job_id }, { idempotency_key }, { job_id: desk.fresh(), idempotency_key }]) {
      const again = await desk.submit({ job_type: "eval.suite", ...fields })
      same(
        `the answer to ${Object.keys(fields).join(" and ")}`,
        [again["job_id"], again["status"]],
        [job_id, "cancelled"],
      )
    }
    same("the ledger's last event", await desk.end(), end)
  },
})
