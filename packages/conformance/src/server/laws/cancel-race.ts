import { answered, same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { typesOf } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-02",
  level: 3,
  source: "JobSpec v0 §5.2, §18.2",
  statement: "Of many cancellations at the same time one cancels and the others find the job cancelled; one event.",
  violation: "two callers are told that it was they who called the job off.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    for (let round = 0; round < 5; round++) {
      const job_id = desk.fresh()
      await desk.submit({ job_type: "eval.suite", job_id })
      const answers = await Promise.all(Array.from({ length: 8 }, () => desk.cancel(job_id)))
      const outcomes = answers.map((answer) => text(answered("a cancellation", answer, 202), "outcome")).toSorted()
      same("the outcomes", outcomes, [...Array.from({ length: 7 }, () => "already_terminal_cancelled"), "cancelled"])
      same("the events", await typesOf(desk, job_id), ["job.accepted", "job.cancelled"])
    }
  },
})
