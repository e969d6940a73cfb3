import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-007",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement: "No answer invites other sites: there are no CORS headers.",
  violation: "a CORS middleware that came with the framework opens every read route to any page.",
  check: async (desk) => {
    const origin = { Origin: "http://elsewhere.example" }
    for (const method of ["GET", "OPTIONS"]) {
      const { headers } = await desk.ask("/v1/status", { method, as: "nobody", headers: origin })
      const cors = [...headers.keys()].filter((name) => name.startsWith("access-control-"))
      same(`CORS headers of ${method} /v1/status`, cors, [])
    }
  },
})
