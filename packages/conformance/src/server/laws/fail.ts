import { answered, refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-11",
  level: 3,
  source: "JobSpec v0 §10.7",
  statement: "A reported failure ends the job for good, with one of the contract's codes, request_rejected by default.",
  violation: '"retryable" is taken for an order to try again.',
  needs: ["works"],
  check: async (desk) => {
    for (const [failure, code] of [
      [{ message: "no", retryable: true }, "request_rejected"],
      [{ code: "lost", message: "gone" }, "lost"],
    ] as const) {
      const { hold, job_id } = await held(desk)
      const answer = answered("the failure", await work(desk, job_id, "fail", { ...hold, failure }))
      const job = doc(answer["job"], "job")
      same(
        "the job",
        [job["status"], doc(job["failure"], "failure")["code"], doc(job["failure"], "failure")["message"]],
        ["failed", code, failure.message],
      )
      refused("a claim afterwards", await work(desk, job_id, "claim"), 409)
      same("the events", await typesOf(desk, job_id), ["job.accepted", "job.claimed", "job.failed"])
    }
    const { hold, job_id } = await held(desk)
    refused("a code that is none", await work(desk, job_id, "fail", { ...hold, failure: { code: "nothing" } }), 400)
    same("the events", await typesOf(desk, job_id), ["job.accepted", "job.claimed"])
  },
})
