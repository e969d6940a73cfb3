import { holds, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-020",
  level: 0,
  source: "JobSpec v0 §1.3",
  statement: "The characters <, > and & are written as escapes, so that an answer can stand in a page.",
  violation: "a JSON encoder with its defaults.",
  needs: ["mutates"],
  check: async (desk) => {
    const job_id = `${desk.fresh()}-<&>`
    await desk.submit({ job_type: "eval.suite", job_id })
    const { text } = await desk.get("/v1/events")
    same("raw <, > or & in the answer", /[<>&]/u.exec(text)?.[0], undefined)
    holds("the id is there", text.includes("\\u003c\\u0026\\u003e"), job_id)
  },
})
