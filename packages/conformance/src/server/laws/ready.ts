import { answered, holds, same } from "../Desk.ts"
import { doc, number } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-102",
  level: 1,
  source: "JobSpec v0 §3.2, §16.1",
  statement:
    "Readiness tells whether the replay was complete, how far the projections are, and how many records are corrupt.",
  violation: "a readiness that is a constant.",
  check: async (desk) => {
    const found = answered("/v1/ready", await desk.get("/v1/ready"))
    const lag = doc(found["projection_lag"], "projection_lag")
    const corrupt = number(lag, "corrupt_record_count")
    number(lag, "event_count")
    const isWell = found["ready"] === true
    same("the replay's status", found["ledger_replay_status"], isWell ? "complete" : "corrupt")
    holds("the projections' status", ["current", "degraded"].includes(String(found["projection_status"])), found)
    if (corrupt > 0) same("degraded, where records are corrupt", lag["degraded"], true)
    const reasons = found["degraded_reasons"] ?? []
    if (!isWell) holds("what is not well has a reason", Array.isArray(reasons) && reasons.length > 0, found)
  },
})
