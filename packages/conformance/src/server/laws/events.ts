import { answered, holds, same } from "../Desk.ts"
import { list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-105",
  level: 1,
  source: "JobSpec v0 §3.4, §7.2",
  statement:
    "Events are told in the ledger's order, each with its eight fields and an id of its own; last_event_id is the ledger's last.",
  violation: "the last id of the page instead of the ledger's, or an order by time.",
  check: async (desk) => {
    if (desk.can.mutates)
      for (let i = 0; i < 3; i++) await desk.submit({ job_type: "eval.suite", job_id: desk.fresh() })
    const found = answered("/v1/events", await desk.get("/v1/events"))
    const events = list(found, "events")
    const ids = events.map((event) => text(event, "event_id"))
    same("how many ids there are", new Set(ids).size, ids.length)
    for (const event of events) {
      for (const name of ["request_id", "job_id", "event_type", "occurred_at", "actor"])
        holds(`${name} is there`, text(event, name).trim() !== "", event)
      same("schema_version", event["schema_version"], 1)
    }
    if (events.length > 0) same("last_event_id", found["last_event_id"], ids.at(-1))
    const page = answered("a page", await desk.get("/v1/events?limit=1"))
    same("last_event_id of a page", page["last_event_id"], found["last_event_id"])
    same(
      "a page of one",
      list(page, "events").map((event) => event["event_id"]),
      ids.slice(0, 1),
    )
  },
})
