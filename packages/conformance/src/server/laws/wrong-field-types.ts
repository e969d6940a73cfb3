import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-013",
  level: 0,
  source: "JobSpec v0 §1.2",
  statement: 'A known field of the wrong JSON type is refused with 400 "invalid json"; a null is as if absent.',
  violation: 'values are converted, so that 5 becomes the type "5".',
  needs: ["mutates"],
  check: async (desk) => {
    const wrong = [
      { job_type: 5 },
      { job_id: 7 },
      { request_id: [] },
      { idempotency_key: {} },
      { payload: [] },
      { payload: "x" },
    ]
    for (const fields of wrong)
      refused(
        JSON.stringify(fields),
        await desk.post("/v1/jobs", { job_type: "eval.suite", ...fields }),
        400,
        "invalid json",
      )
    const job_id = desk.fresh()
    await desk.submit({ job_type: "eval.suite", job_id, payload: null, idempotency_key: null, request_id: null })
    refused("a body that is null", await desk.post("/v1/jobs", "null"), 400, 'invalid job type ""')
  },
})
