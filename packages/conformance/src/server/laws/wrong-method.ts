import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-005",
  level: 0,
  source: "JobSpec v0 §4.1",
  statement: "A read route answers every method but GET, HEAD included, with 405 and Allow: GET.",
  violation: "a framework that answers HEAD and OPTIONS by itself.",
  check: async (desk) => {
    for (const path of ["/v1/health", "/v1/ready", "/v1/status", "/v1/events"])
      for (const method of ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const { headers, status } = await desk.ask(path, { method, as: "nobody" })
        same(`${method} ${path}`, [status, headers.get("allow")], [405, "GET"])
      }
  },
})
