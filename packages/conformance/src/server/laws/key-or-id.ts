import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-223",
  level: 2,
  source: "JobSpec v0 §5.1",
  statement: "A submission whose key is one job's and whose id is another's finds the one that was there first.",
  violation: "the key always wins, or the id, so that the answer depends on the implementation.",
  needs: ["mutates"],
  check: async (desk) => {
    const [first, second, key] = [desk.fresh(), desk.fresh(), desk.fresh("key")]
    await desk.submit({ job_type: "eval.suite", job_id: first })
    await desk.submit({ job_type: "eval.suite", job_id: second, idempotency_key: key })
    same(
      "an earlier id with a later key",
      (await desk.submit({ job_type: "eval.suite", job_id: first, idempotency_key: key }))["job_id"],
      first,
    )
    const third = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id: third })
    same(
      "a later id with an earlier key",
      (await desk.submit({ job_type: "eval.suite", job_id: third, idempotency_key: key }))["job_id"],
      second,
    )
  },
})
