import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-003",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement: "Letter case and a trailing slash matter in a path.",
  violation: "a router that is lenient by default, so that one thing has many names.",
  check: async (desk) => {
    for (const path of ["/v1/health/", "/V1/health", "/v1/Health"]) same(path, (await desk.get(path)).status, 404)
  },
})
