import { appendFile } from "node:fs/promises"
import { holds, same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-06",
  level: 2,
  source: "JobSpec v0 §7.6, §18.5",
  statement:
    "A record that was cut off by a crash takes nothing with it: what came before is there, and what is acknowledged afterwards is too, also after one more restart.",
  violation: "the next record is glued onto the torn one, and both are lost.",
  needs: ["mutates"],
  hooks: ["restart", "ledger"],
  check: async (desk) => {
    const { job_id } = await desk.submit({ job_type: "eval.suite" })
    const before = (await desk.events()).map((event) => text(event, "event_id"))
    await desk.restart(() =>
      appendFile(desk.target.ledger ?? "", '{"schema_version":1,"event_id":"evt_job.accepted_torn'),
    )
    same(
      "what came before",
      (await desk.events()).slice(0, before.length).map((event) => event["event_id"]),
      before,
    )
    const next = await desk.submit({ job_type: "eval.suite" })
    for (let life = 0; life < 2; life++) {
      const ids = (await desk.events()).map((event) => event["job_id"])
      for (const id of [job_id, next["job_id"]]) holds(`${String(id)} is there`, ids.includes(id), ids.slice(-5))
      if (life === 0) await desk.restart()
    }
  },
})
