import { refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-016",
  level: 0,
  source: "JobSpec v0 §4.2",
  statement:
    "A value that ends within 1 048 576 bytes is taken; one that needs more is refused with 413 and the limit, after the token was looked at.",
  violation: "no limit, so that one request fills the memory, or a limit that counts what follows the value.",
  needs: ["mutates"],
  check: async (desk) => {
    const cap = 1_048_576
    const padded = (size: number): string => {
      const body = '{"job_type":"nothing"}'
      return " ".repeat(size - body.length) + body
    }
    refused("a body of just the cap", await desk.post("/v1/jobs", padded(cap)), 400, 'invalid job type "nothing"')
    const large = await desk.post("/v1/jobs", padded(cap + 1))
    refused("a body of one byte more", large, 413, "request body exceeds MaxJobSubmissionBytes")
    same("its limit", doc(large.json)["max_bytes"], cap)
    refused("the same without a token", await desk.post("/v1/jobs", padded(cap + 1), { as: "nobody" }), 403)
  },
})
