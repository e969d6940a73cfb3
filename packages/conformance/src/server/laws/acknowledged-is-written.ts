import { readFile } from "node:fs/promises"
import { holds } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-05",
  level: 2,
  source: "JobSpec v0 §7.4",
  statement: "When a submission is acknowledged, its line is in the ledger's file.",
  violation: "the acknowledgement comes first, the line a moment later.",
  needs: ["mutates"],
  hooks: ["ledger"],
  check: async (desk) => {
    for (let i = 0; i < 20; i++) {
      const { last_event_id } = await desk.submit({ job_type: "eval.suite" })
      const written = await readFile(desk.target.ledger ?? "", "utf8")
      holds("the event is in the file", written.includes(JSON.stringify(last_event_id)), last_event_id)
    }
  },
})
