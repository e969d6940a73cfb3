import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-214",
  level: 2,
  source: "JobSpec v0 §4, §18.6",
  statement: 'The reserved id "schedule" is refused, also with white space around it, and appends nothing.',
  violation: "the id is compared before it is trimmed.",
  needs: ["mutates"],
  check: async (desk) => {
    const end = await desk.end()
    for (const job_id of ["schedule", " schedule ", "schedule\n"])
      refused(
        JSON.stringify(job_id),
        await desk.post("/v1/jobs", { job_type: "eval.suite", job_id }),
        [400, 500],
        'job_id "schedule" is reserved',
      )
    same("the ledger's last event", await desk.end(), end)
  },
})
