import { answered, holds, same } from "../Desk.ts"
import { doc, list, number } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "HONESTY-01",
  level: 1,
  source: "JobSpec v0 §3.2, §12.5",
  statement:
    "What readiness says agrees with what is degraded elsewhere: corrupt records are counted, listed and shown as degraded, or nowhere.",
  violation: "ready is true while half of the ledger could not be read.",
  check: async (desk) => {
    const ready = answered("/v1/ready", await desk.get("/v1/ready"))
    const told = answered("/v1/events", await desk.get("/v1/events"))
    const corrupt = list({ corrupt: told["corrupt"] ?? [] }, "corrupt")
    const count = number(doc(ready["projection_lag"], "projection_lag"), "corrupt_record_count")
    for (const record of corrupt)
      holds(
        "a corrupt record has its line and its error",
        typeof record["line_number"] === "number" && typeof record["error"] === "string",
        record,
      )
    if (count > 0) {
      holds("corrupt records are listed", corrupt.length > 0, told["corrupt"])
      same("ready, while records are corrupt", ready["ready"], false)
      same("projection_status", ready["projection_status"], "degraded")
    }
    const status = answered("/v1/status", await desk.get("/v1/status"))
    same("ready in status", status["ready"], ready["ready"])
    const statuses = Object.values(doc(doc(status["projections"], "projections")["manifests"], "manifests")).map(
      (manifest) => doc(manifest)["status"],
    )
    if (ready["ready"] === false)
      same(
        "manifests that are not degraded",
        statuses.filter((each) => each !== "degraded"),
        [],
      )
  },
})
