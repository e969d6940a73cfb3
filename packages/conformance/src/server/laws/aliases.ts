import { refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-010",
  level: 0,
  source: "JobSpec v0 §2",
  statement: "Where paths without /v1 are served, each answers as its own with /v1 does.",
  violation: "an alias that was forgotten when the route changed.",
  needs: ["aliases"],
  check: async (desk) => {
    for (const path of ["/health", "/ready", "/status", "/events"]) {
      const [short, long] = [await desk.get(path), await desk.get(`/v1${path}`)]
      same(`the status of ${path}`, short.status, long.status)
      same(`the fields of ${path}`, Object.keys(doc(short.json)), Object.keys(doc(long.json)))
    }
    refused("POST /jobs without a type", await desk.post("/jobs", {}), [400, 403], /invalid job type|denied/u)
    refused("POST /jobs/cancel without an id", await desk.post("/jobs/cancel", {}), [400, 403], /job_id|denied/u)
  },
})
