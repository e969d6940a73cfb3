import { answered, holds, same } from "../Desk.ts"
import { doc, list, text } from "../documents.ts"
import { foldJobs } from "../fold.ts"
import { serverLaw } from "../serverLaw.ts"

/** What is compared is shown, whichever job it is that differs. */
const reads = ["/v1/events", "/v1/status"]

export default serverLaw({
  id: "PROJECTION-01",
  level: 1,
  source: "JobSpec v0 §11, §16.1",
  statement:
    "What status tells of each job is the fold of its events: status, attempt, epoch, requests and last event.",
  violation: "a table beside the ledger that is updated by its own code, and differs after a failure.",
  check: async (desk) => {
    if (desk.can.mutates) {
      const { job_id } = await desk.submit({ job_type: "eval.suite", job_id: desk.fresh() })
      if (desk.can.cancels) await desk.cancel(String(job_id), { request_id: desk.fresh("req") })
    }
    const events = await desk.events()
    const status = answered("/v1/status", await desk.get("/v1/status"))
    const folded = foldJobs(events)
    for (const job of list(doc(status["queue"], "queue"), "jobs")) {
      const expected = folded.get(text(job, "job_id"))
      desk.about([text(job, "job_id"), ...reads])
      // What other kinds of events do to a job is not folded here.
      if (expected === undefined || expected.last_event_id !== job["last_event_id"]) {
        holds(
          `the last event of ${String(job["job_id"])} is in the ledger`,
          events.some((event) => event["event_id"] === job["last_event_id"]),
          job,
        )
        continue
      }
      const isDerived = expected.status === "running" && job["status"] === "retry_waiting"
      same(
        `${String(job["job_id"])} in status`,
        {
          status: isDerived ? "running" : job["status"],
          attempt: job["attempt"],
          lease_epoch: job["lease_epoch"] ?? 0,
          request_ids: job["request_ids"] ?? [job["request_id"]],
        },
        {
          status: expected.status,
          attempt: expected.attempt,
          lease_epoch: expected.lease_epoch,
          request_ids: expected.request_ids,
        },
      )
    }
    for (const job_id of folded.keys()) {
      desk.about([job_id, ...reads])
      holds(
        `${job_id} is in the queue`,
        list(doc(status["queue"], "queue"), "jobs").some((job) => job["job_id"] === job_id),
        job_id,
      )
    }
  },
})
