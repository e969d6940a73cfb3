import { holds, refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-216",
  level: 2,
  source: "JobSpec v0 §5.1",
  statement: "A refused request appends nothing.",
  violation: "the event is written first and its validity is looked at when it is folded.",
  needs: ["mutates"],
  check: async (desk) => {
    const end = await desk.end()
    const bodies = [
      "{",
      { job_type: "nothing" },
      { job_type: "eval.suite", request_id: " " },
      { job_type: "rpi.run", payload: { goal: 1 } },
      { job_type: "eval.suite", idempotency_key: "k".repeat(300) },
    ]
    for (const body of bodies) {
      const { status } = await desk.post("/v1/jobs", body)
      holds("it is refused", status >= 400, [body, status])
    }
    refused(
      "without a token",
      await desk.post("/v1/jobs", { job_type: "eval.suite", job_id: desk.fresh() }, { as: "nobody" }),
      403,
    )
    same("the ledger's last event", await desk.end(), end)
  },
})
