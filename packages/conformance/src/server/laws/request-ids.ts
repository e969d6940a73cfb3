import { answered, refused, same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-212",
  level: 2,
  source: "JobSpec v0 §4, §5.1",
  statement:
    "A request id is trimmed; one with inner white space or none left is refused, an empty or missing one is made.",
  violation: "white space in an id breaks whoever reads logs by columns.",
  needs: ["mutates"],
  check: async (desk) => {
    const ask = (request_id: string) => desk.post("/v1/jobs", { job_type: "eval.suite", request_id })
    for (const id of ["a b", "a\tb", "a\nb", "a\rb"])
      refused(JSON.stringify(id), await ask(id), 400, `request_id ${JSON.stringify(id)} must not contain whitespace`)
    refused("a blank one", await ask("  "), 400, "request_id is required")
    const request_id = desk.fresh("req")
    same("a trimmed one", answered("the submission", await ask(` ${request_id} `), 202)["request_id"], request_id)
    const made = [await ask(""), await desk.post("/v1/jobs", { job_type: "eval.suite" })].map((answer) =>
      text(answered("the submission", answer, 202), "request_id"),
    )
    same("how many were made", new Set(made.filter((id) => id !== "")).size, 2)
  },
})
