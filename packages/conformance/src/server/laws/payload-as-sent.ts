import { same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

const payloads: ReadonlyArray<Readonly<Record<string, unknown>>> = [
  { note: null, list: [null, 0, false, "", {}, []], nested: { nothing: null } },
  { text: "x".repeat(66_000) },
  { list: Array.from({ length: 5_000 }, (_, i) => i) },
  { text: "y".repeat(200_000) },
]

export default serverLaw({
  id: "JOBSPEC-224",
  level: 2,
  source: "JobSpec v0 §1.2, §8",
  statement: "A payload is recorded as it was sent, up to the largest body: what is null, empty or large is kept.",
  violation: "a column of 64 KiB, or a serializer that leaves out what is null.",
  needs: ["mutates"],
  check: async (desk) => {
    for (const payload of payloads) {
      const job_id = desk.fresh()
      await desk.submit({ job_type: "eval.suite", job_id, payload })
      const [event] = await desk.eventsOf(job_id)
      const recorded = doc(doc(event?.["payload"], "payload")["job_payload"], "job_payload")
      same(`a payload of ${JSON.stringify(payload).length} bytes`, recorded, payload)
    }
  },
})
