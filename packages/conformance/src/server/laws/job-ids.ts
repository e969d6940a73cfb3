import { holds, same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-215",
  level: 2,
  source: "JobSpec v0 §5.1, §18.2",
  statement: "A job id is trimmed before it is compared and recorded; inner white space stays; a blank one is made.",
  violation: "a padded id passes by the lookup and makes the job a second time.",
  needs: ["mutates"],
  check: async (desk) => {
    const job_id = `${desk.fresh()} x`
    same("its id", (await desk.submit({ job_type: "eval.suite", job_id: `  ${job_id} ` }))["job_id"], job_id)
    const end = await desk.end()
    for (const again of [job_id, ` ${job_id}`, `${job_id}\t`])
      same(
        `the id ${JSON.stringify(again)}`,
        (await desk.submit({ job_type: "eval.suite", job_id: again }))["job_id"],
        job_id,
      )
    same("the ledger's last event", await desk.end(), end)
    const made = text(await desk.submit({ job_type: "eval.suite", job_id: "  " }), "job_id")
    holds("an id was made", made.trim() !== "", made)
  },
})
