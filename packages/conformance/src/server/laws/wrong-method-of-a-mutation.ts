import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-006",
  level: 0,
  source: "JobSpec v0 §4.1",
  statement:
    "A mutation route answers GET, HEAD, PUT and OPTIONS with 405 and Allow: POST to anybody, and DELETE and PATCH only to whoever may.",
  violation: "the method is looked at after the token, or the token never.",
  needs: ["mutates", "cancels"],
  check: async (desk) => {
    for (const path of ["/v1/jobs", "/v1/jobs/cancel"]) {
      for (const method of ["GET", "HEAD", "PUT", "OPTIONS"]) {
        const { headers, status } = await desk.ask(path, { method, as: "nobody" })
        same(`${method} ${path}`, [status, headers.get("allow")], [405, "POST"])
      }
      for (const method of ["DELETE", "PATCH"]) {
        refused(`${method} ${path} without a token`, await desk.ask(path, { method, as: "nobody" }), 403)
        const { headers, status } = await desk.ask(path, { method })
        same(`${method} ${path} with a token`, [status, headers.get("allow")], [405, "POST"])
      }
    }
  },
})
