import { readFile, stat, truncate } from "node:fs/promises"
import { holds } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-07",
  level: 2,
  source: "JobSpec v0 §18.5",
  statement: "A last record that only lacks the end of its line is not lost, nor is what comes after it.",
  violation: "a record without its newline is skipped, although it was acknowledged.",
  needs: ["mutates"],
  hooks: ["restart", "ledger"],
  check: async (desk) => {
    const { last_event_id } = await desk.submit({ job_type: "eval.suite" })
    const file = desk.target.ledger ?? ""
    await desk.restart(async () => {
      const { size } = await stat(file)
      const bytes = await readFile(file)
      if (bytes.at(-1) === 10) await truncate(file, size - 1)
    })
    const next = await desk.submit({ job_type: "eval.suite" })
    const ids = (await desk.events()).map((event) => event["event_id"])
    for (const id of [last_event_id, next["last_event_id"]])
      holds(`${String(id)} is there`, ids.includes(id), ids.slice(-5))
  },
})
