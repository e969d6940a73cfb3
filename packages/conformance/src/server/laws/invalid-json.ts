import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-012",
  level: 0,
  source: "JobSpec v0 §1.2",
  statement:
    'A body that is neither a JSON object nor null, which is read as an empty one, is refused with 400 "invalid json": empty, cut off, another type, a byte order mark, a number that is too large, nested too deep.',
  violation: "a default object for an empty body, or a parser error that becomes a 500.",
  needs: ["mutates"],
  check: async (desk) => {
    const bodies = [
      "",
      " ",
      "{",
      '{"job_type":"eval.suite"',
      "nul",
      "[]",
      '"x"',
      "5",
      "true",
      "\ufeff{}",
      '{"payload":{"n":1e400},"job_type":"eval.suite"}',
    ]
    for (const body of [...bodies, `{"payload":${"[".repeat(10_001)}`])
      refused(`the body ${body.slice(0, 60)}`, await desk.post("/v1/jobs", body), 400, "invalid json")
  },
})
