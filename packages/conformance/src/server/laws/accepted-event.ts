import { holds, same } from "../Desk.ts"
import { doc, number, pick, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-202",
  level: 2,
  source: "JobSpec v0 §8",
  statement:
    "A submission is one job.accepted event with the type, the payload, the attempts and the targets, by ao-http and the token's name.",
  violation: "the event says less than the answer, so that nobody can rebuild the job.",
  needs: ["mutates"],
  check: async (desk) => {
    const [job_id, request_id, idempotency_key] = [desk.fresh(), desk.fresh("req"), desk.fresh("key")]
    const payload = { source_paths: ["a", "b"], unknown: { deep: [1, null, true] } }
    await desk.submit({ job_id, request_id, idempotency_key, job_type: "wiki.forge", payload })
    const events = await desk.eventsOf(job_id)
    same("how many events", events.length, 1)
    const event = doc(events[0])
    same("the event", [event["event_type"], event["request_id"]], ["job.accepted", request_id])
    holds("its actor", /^ao-http:./u.test(text(event, "actor")), event["actor"])
    const recorded = doc(event["payload"], "payload")
    const expected = { job_type: "wiki.forge", idempotency_key, job_payload: payload }
    same("its payload", pick(recorded, expected), expected)
    holds("max_attempts", number(recorded, "max_attempts") >= 1, recorded)
    holds("projection_targets", Array.isArray(recorded["projection_targets"]), recorded)
  },
})
