import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-008",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement: "Read routes ask nobody for a token, and ignore a wrong one.",
  violation: "one authorization for all routes.",
  check: async (desk) => {
    for (const path of ["/v1/health", "/v1/ready", "/v1/status", "/v1/events?limit=0"])
      for (const as of ["nobody", { token: "wrong" }] as const)
        same(`${path} as ${JSON.stringify(as)}`, (await desk.get(path, { as })).status, 200)
  },
})
