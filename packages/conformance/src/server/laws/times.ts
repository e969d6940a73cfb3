import { answered, holds } from "../Desk.ts"
import { isTime, list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-009",
  level: 0,
  source: "JobSpec v0 §1.4",
  statement: "Times are RFC 3339 in UTC with a Z and at most nine digits of a second.",
  violation: "local time, an offset, or a number of milliseconds.",
  check: async (desk) => {
    const { now } = answered("/v1/health", await desk.get("/v1/health"))
    holds("now is a time", isTime(now), now)
    for (const { occurred_at } of list(answered("/v1/events", await desk.get("/v1/events?limit=50")), "events"))
      holds(
        "occurred_at is a time",
        isTime(occurred_at) || Number.isFinite(Date.parse(String(occurred_at))),
        occurred_at,
      )
  },
})
