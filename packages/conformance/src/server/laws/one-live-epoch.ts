import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { long_lease, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-04",
  level: 3,
  source: "JobSpec v0 §10.4, §18.2",
  statement: "While a lease lives nobody else gets the job: of many claims at the same time one succeeds.",
  violation: 'two workers read "queued", both append, and nobody looks at what came first.',
  needs: ["works"],
  check: async (desk) => {
    for (let round = 0; round < 5; round++) {
      const job_id = desk.fresh()
      await desk.submit({ job_type: "eval.suite", job_id })
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => work(desk, job_id, "claim", { lease: long_lease })),
      )
      same(
        "the statuses",
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, ...Array.from({ length: 7 }, () => 409)],
      )
      for (const answer of answers)
        if (answer.status !== 200) refused("a claim of a held job", answer, 409, "daemon queue: job already claimed")
      same("the events", await typesOf(desk, job_id), ["job.accepted", "job.claimed"])
    }
  },
})
