import { answered, holds, same } from "../Desk.ts"
import { pick, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-407",
  level: 4,
  source: "JobSpec v0 §5.4",
  statement:
    "The trigger submits the types on its allowlist under its own actor, and shares ids and keys with other submissions.",
  violation: "two tables of keys, so that a job runs once for each way in.",
  needs: ["consumers", "mutates"],
  check: async (desk) => {
    for (const { actor, job_type: own, prefix } of desk.can.consumers) {
      for (const job_type of [own, "rpi.run", "dream.run", "wiki.forge"]) {
        const job_id = desk.fresh()
        const answer = answered(
          `the type ${job_type}`,
          await desk.post(`${prefix}/triggers/jobs`, { job_type, job_id }),
          202,
        )
        const expected = { accepted: true, job_id, job_type, status: "queued" }
        same("the answer", pick(answer, expected), expected)
        holds("snapshot_status", ["current", "stale", "degraded"].includes(text(answer, "snapshot_status")), answer)
        const [event] = await desk.eventsOf(job_id)
        holds(`the actor is ${actor}`, text(event ?? {}, "actor").startsWith(`${actor}:`), event)
      }
      const idempotency_key = desk.fresh("key")
      const first = await desk.submit({ job_type: "eval.suite", idempotency_key })
      const found = answered(
        "a key of another way in",
        await desk.post(`${prefix}/triggers/jobs`, { job_type: "rpi.run", idempotency_key }),
        202,
      )
      same("the job", [found["job_id"], found["job_type"]], [first["job_id"], "eval.suite"])
    }
  },
})
