import { same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-218",
  level: 2,
  source: "JobSpec v0 §5.1, §18.2",
  statement: "One key, or one id, that is submitted many times at the same time is one job and one event.",
  violation: "look first, append afterwards, with room for another request in between.",
  needs: ["mutates"],
  check: async (desk) => {
    for (const field of ["idempotency_key", "job_id"]) {
      const same_one = desk.fresh(field)
      desk.about([same_one])
      const answers = await Promise.all(
        Array.from({ length: 16 }, () => desk.submit({ job_type: "eval.suite", [field]: same_one })),
      )
      const ids = new Set(answers.map((answer) => text(answer, "job_id")))
      same(`how many jobs under one ${field}`, ids.size, 1)
      const [job_id = ""] = ids
      same("how many events", (await desk.eventsOf(job_id)).length, 1)
    }
  },
})
