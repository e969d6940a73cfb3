import { holds, refused, same } from "../Desk.ts"
import { doc, number } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { claim, lapsed, short_lease, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-09",
  level: 3,
  source: "JobSpec v0 §10.6",
  statement:
    "A job is claimed as often as it may be; the claim after that fails it with retry_exhausted, and nothing brings it back.",
  violation: "a job that kills its worker is tried for ever.",
  needs: ["works"],
  check: async (desk) => {
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id })
    const most = number((await desk.job(job_id)) ?? {}, "max_attempts")
    for (let attempt = 1; attempt <= most; attempt++) {
      await lapsed(desk, (await claim(desk, job_id, short_lease)).answer)
    }
    const tired = (await desk.job(job_id)) ?? {}
    same(
      "the job after its last lease",
      [tired["status"], tired["attempt"], tired["retry_exhausted"]],
      ["retry_waiting", most, true],
    )
    holds("the next claim gets nothing", (await work(desk, job_id, "claim")).status !== 200, "200")
    const job = (await desk.job(job_id)) ?? {}
    same("the job in the end", [job["status"], doc(job["failure"], "failure")["code"]], ["failed", "retry_exhausted"])
    refused("one more claim", await work(desk, job_id, "claim"), 409)
    same("its last event", (await typesOf(desk, job_id)).at(-1), "job.failed")
  },
})
