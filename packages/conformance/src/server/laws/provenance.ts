import { answered, same } from "../Desk.ts"
import { list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-405",
  level: 4,
  source: "JobSpec v0 §13",
  statement: "A resource names the event and the job that it comes from.",
  violation: "a resource that nobody can follow back to a fact.",
  needs: ["consumers", "mutates"],
  check: async (desk) => {
    const answer = await desk.submit({ job_type: "rpi.run" })
    const job_id = text(answer, "job_id")
    for (const { prefix } of desk.can.consumers) {
      const runs = list(answered("runs", await desk.get(`${prefix}/runs`)), "runs")
      const found = runs.find((each) => each["job_id"] === job_id) ?? {}
      same("provenance", list(found, "provenance").slice(0, 3), [
        { rel: "source-event", kind: "daemon-ledger-event", event_id: answer["last_event_id"] },
        { rel: "source-job", kind: "daemon-job", job_id },
        { rel: "source-run", kind: "daemon-run", job_id, run_id: job_id },
      ])
    }
  },
})
