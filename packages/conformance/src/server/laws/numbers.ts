import { answered, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-221",
  level: 2,
  source: "JobSpec v0 §1.2",
  statement: "Numbers in a payload are doubles: they come back as the same number.",
  violation: "numbers pass through integers, or through text.",
  needs: ["mutates"],
  check: async (desk) => {
    const job_id = desk.fresh()
    const numbers = [0, -0, 1.5, -1e-7, 1e21, 2 ** 53, 5e-324, 1.7976931348623157e308]
    const body = `{"job_type":"eval.suite","job_id":"${job_id}","payload":{"numbers":[0,-0,1.5,-1e-7,1e21,9007199254740992,5e-324,1.7976931348623157e308]}}`
    answered("the submission", await desk.post("/v1/jobs", body), 202)
    const [event] = await desk.eventsOf(job_id)
    same("the numbers", doc(doc(event?.["payload"], "payload")["job_payload"], "job_payload")["numbers"], numbers)
  },
})
