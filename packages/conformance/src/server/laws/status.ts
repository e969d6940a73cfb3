import { answered, holds, same } from "../Desk.ts"
import { doc, isTime, list, number, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-103",
  level: 1,
  source: "JobSpec v0 §3.3, §11, §12.1",
  statement: "Status tells readiness, lag, the queue and the projections in their documented form.",
  violation: "fields that are missing when they are empty although the contract always sends them.",
  check: async (desk) => {
    const found = answered("/v1/status", await desk.get("/v1/status"))
    same("the type of ready", typeof found["ready"], "boolean")
    number(doc(found["projection_lag"], "projection_lag"), "event_count")
    const queue = doc(found["queue"], "queue")
    for (const job of list(queue, "jobs")) {
      for (const name of ["job_id", "job_type", "request_id", "status"]) text(job, name)
      for (const name of ["attempt", "max_attempts"]) number(job, name)
      holds(
        "the job's status is one of the contract's",
        ["queued", "running", "retry_waiting", "completed", "failed", "cancelled", "degraded"].includes(
          text(job, "status"),
        ),
        job,
      )
      holds("no typeless job and no schedule entry", job["job_type"] !== "" && job["job_id"] !== "schedule", job)
    }
    const set = doc(found["projections"], "projections")
    same("the projections' version", set["schema_version"], 1)
    holds("rebuilt_at is a time", isTime(set["rebuilt_at"]), set["rebuilt_at"])
    same("source_ledger", set["source_ledger"], ".agents/daemon/ledger.jsonl")
    list(set, "jobs")
    for (const [bucket, name] of [
      ["rpi", "runs"],
      ["dream", "runs"],
      ["wiki", "jobs"],
    ] as const)
      list(doc(set[bucket]), name)
  },
})
