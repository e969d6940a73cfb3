import { same } from "../Desk.ts"
import { pick } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-205",
  level: 2,
  source: "JobSpec v0 §5.1, §16.1",
  statement:
    "The same idempotency key again finds the job that is there, under whatever id and type, and appends nothing.",
  violation: "the key is compared only within a type, or forgotten once the job has ended.",
  needs: ["mutates"],
  check: async (desk) => {
    const idempotency_key = desk.fresh("key")
    const first = await desk.submit({ idempotency_key, job_type: "eval.suite" })
    const end = await desk.end()
    for (const more of [
      {},
      { job_id: desk.fresh() },
      { job_type: "wiki.build" },
      { payload: { a: 1 } },
      { request_id: desk.fresh("req") },
    ]) {
      const again = await desk.submit({ idempotency_key, job_type: "eval.suite", ...more })
      const expected = { job_id: first["job_id"], request_id: first["request_id"], idempotency_key }
      same(`the answer to ${JSON.stringify(more)}`, pick(again, expected), expected)
    }
    same("the ledger's last event", await desk.end(), end)
  },
})
