import { answered, refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-211",
  level: 2,
  source: "JobSpec v0 §5.1",
  statement: "The first check that fails answers: key length, type, payload, the job that is there, request id.",
  violation: "a retry with a known key is refused for something that only a new job needs.",
  needs: ["mutates"],
  check: async (desk) => {
    const key = "k".repeat(257)
    const [job_id, idempotency_key] = [desk.fresh(), desk.fresh("key")]
    await desk.submit({ job_id, idempotency_key, job_type: "rpi.run" })
    const ask = (fields: object) => desk.post("/v1/jobs", fields)
    refused(
      "key before type",
      await ask({ job_type: "nothing", idempotency_key: key }),
      400,
      "idempotency_key exceeds MaxIdempotencyKeyBytes",
    )
    refused(
      "type before the job that is there",
      await ask({ job_type: "nothing", job_id }),
      400,
      'invalid job type "nothing"',
    )
    refused(
      "payload before the job that is there",
      await ask({ job_type: "rpi.run", job_id, payload: { goal: 1 } }),
      400,
      /invalid job payload/u,
    )
    const found = answered(
      "the job before the request id",
      await ask({ job_type: "rpi.run", idempotency_key, request_id: "a b" }),
      202,
    )
    same("its id", found["job_id"], job_id)
    refused(
      "the request id of a new job",
      await ask({ job_type: "rpi.run", request_id: "a b" }),
      400,
      'request_id "a b" must not contain whitespace',
    )
  },
})
