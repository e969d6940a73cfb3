import { answered, same } from "../Desk.ts"
import { doc, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { holdIn, long_lease, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-16",
  level: 3,
  source: "JobSpec v0 §10.3, §18.2",
  statement: "Workers that ask at the same time get different jobs, and together all of them, each once.",
  violation: "what waits is read once and handed to everybody who asked meanwhile.",
  needs: ["works"],
  check: async (desk) => {
    const job_type = "eval.skill-delta"
    const ids: Array<string> = []
    for (let i = 0; i < 12; i++) ids.push(text(await desk.submit({ job_type, job_id: desk.fresh() }), "job_id"))
    const got: Array<string> = []
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let i = 0; i < 30; i++) {
          const answer = await desk.post("/waybill/v1/claims", { job_types: [job_type], lease: long_lease })
          if (answer.status === 204) return
          const job_id = text(answered("the claim", answer), "job_id")
          got.push(job_id)
          const completed = await work(desk, job_id, "complete", holdIn(doc(answer.json)))
          if (completed.status !== 200) desk.about([job_id])
          answered("the completion", completed)
        }
      }),
    )
    const wrong = ids.filter((id) => got.filter((each) => each === id).length !== 1)
    desk.about(wrong.slice(0, 1))
    same("what was handed out", got.filter((id) => ids.includes(id)).toSorted(), ids.toSorted())
  },
})
