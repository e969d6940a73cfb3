import { refused, same } from "../Desk.ts"
import { doc, pick } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-213",
  level: 2,
  source: "JobSpec v0 §4, §5.1",
  statement: "A key is at most 256 UTF-8 bytes, neither trimmed nor changed; an empty one is none.",
  violation: "characters are counted instead of bytes, or keys are trimmed so that two callers share a job.",
  needs: ["mutates"],
  check: async (desk) => {
    const long = (size: number): string => desk.fresh().padEnd(size, "k")
    await desk.submit({ job_type: "eval.suite", idempotency_key: long(256) })
    for (const [key, got_bytes] of [
      [long(257), 257],
      [`${long(200)}${"é".repeat(29)}`, 258],
    ] as const) {
      const answer = await desk.post("/v1/jobs", { job_type: "eval.suite", idempotency_key: key })
      refused(`${got_bytes} bytes`, answer, 400, "idempotency_key exceeds MaxIdempotencyKeyBytes")
      const limit = { max_bytes: 256, got_bytes }
      same("the limit", pick(doc(answer.json), limit), limit)
    }
    const key = desk.fresh("key")
    const ids: Array<unknown> = []
    for (const idempotency_key of [key, ` ${key}`, `${key} `, key.toUpperCase(), "", ""])
      ids.push((await desk.submit({ job_type: "eval.suite", idempotency_key }))["job_id"])
    same("how many jobs", new Set(ids).size, ids.length)
  },
})
