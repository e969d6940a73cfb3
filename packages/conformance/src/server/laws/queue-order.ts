import { answered, same } from "../Desk.ts"
import { doc, list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-113",
  level: 1,
  source: "JobSpec v0 §3.3",
  statement: "The queue's jobs stand in the order of their first events.",
  violation: "a map that is sorted by id, or by the last change.",
  needs: ["mutates"],
  check: async (desk) => {
    const order: Array<string> = []
    for (const word of ["z", "a", "m"]) {
      const job_id = `${word}-${desk.fresh()}`
      await desk.submit({ job_type: "eval.suite", job_id })
      order.push(job_id)
    }
    await desk.cancel(order[0] ?? "")
    const status = answered("/v1/status", await desk.get("/v1/status"))
    const jobs = list(doc(status["queue"], "queue"), "jobs").map((job) => text(job, "job_id"))
    same(
      "the order",
      jobs.filter((id) => order.includes(id)),
      order,
    )
  },
})
