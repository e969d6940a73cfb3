import { answered, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-302",
  level: 3,
  source: "JobSpec v0 §5.2, §16.1",
  statement:
    "A cancellation of a cancelled job says already_terminal_cancelled and appends nothing, whatever its request id.",
  violation: "an end that is recorded twice.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    await desk.cancel(job_id)
    const end = await desk.end()
    for (const more of [{}, { reason: "again" }, { request_id: "a b" }]) {
      const answer = answered("the second cancellation", await desk.cancel(job_id, more), 202)
      same("the outcome", [answer["cancelled"], answer["outcome"]], [true, "already_terminal_cancelled"])
    }
    same("the ledger's last event", await desk.end(), end)
  },
})
