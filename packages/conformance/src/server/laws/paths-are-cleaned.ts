import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-004",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement:
    "A path with duplicate slashes reaches its route, at once or through a redirect, and percent-encoded letters match.",
  violation: "a client whose base address ends in a slash gets a 404.",
  check: async (desk) => {
    for (const path of ["//v1/health", "/v1/%68ealth"]) same(path, (await desk.get(path)).status, 200)
  },
})
