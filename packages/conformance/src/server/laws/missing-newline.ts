import { appendFile, readFile } from "node:fs/promises"
import { holds } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-07",
  level: 2,
  source: "JobSpec v0 §18.5",
  statement:
    "A last record that a crash left without the end of its line takes nothing with it: what is acknowledged afterwards is there, on a line of its own.",
  violation: "the next record is written right behind it, and neither can be read.",
  needs: ["mutates"],
  hooks: ["restart", "ledger"],
  check: async (desk) => {
    const { last_event_id } = await desk.submit({ job_type: "eval.suite" })
    const file = desk.target.ledger ?? ""
    await desk.restart(async () => {
      // A whole record, as the write of a submission leaves it that was cut off just before its end and never acknowledged.
      const line = (await readFile(file, "utf8")).split("\n").findLast((each) => each !== "") ?? ""
      await appendFile(file, line.replaceAll(String(last_event_id), `${String(last_event_id)}9`))
    })
    const next = await desk.submit({ job_type: "eval.suite" })
    for (let life = 0; life < 2; life++) {
      const ids = (await desk.events()).map((event) => event["event_id"])
      for (const id of [last_event_id, next["last_event_id"]])
        holds(`${String(id)} is there`, ids.includes(id), ids.slice(-5))
      if (life === 0) await desk.restart()
    }
  },
})
