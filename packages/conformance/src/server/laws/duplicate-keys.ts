import { holds, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-014",
  level: 0,
  source: "JobSpec v0 §1.2",
  statement: "Of a key that is given twice the last counts, and unknown fields are ignored and not recorded.",
  violation: "the first is kept, or the whole body is written to the ledger.",
  needs: ["mutates"],
  check: async (desk) => {
    const job_id = desk.fresh()
    const body = `{"job_type":"nothing","job_id":"${job_id}","job_type":"eval.suite","placement":{"gpu":1}}`
    same("its status", (await desk.post("/v1/jobs", body)).status, 202)
    const [event] = await desk.eventsOf(job_id)
    same("its type", doc(event?.["payload"], "payload")["job_type"], "eval.suite")
    holds("the unknown field is not recorded", !JSON.stringify(event).includes("placement"), event)
  },
})
