import { answered, same } from "../Desk.ts"
import { list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-106",
  level: 1,
  source: "JobSpec v0 §3.4",
  statement:
    "A cursor is exclusive: pages that follow each other make up the whole, and after the last event there is nothing.",
  violation: "off by one: the cursor's own event is told again, or the next one is skipped.",
  check: async (desk) => {
    if (desk.can.mutates)
      for (let i = 0; i < 5; i++) await desk.submit({ job_type: "eval.suite", job_id: desk.fresh() })
    const whole = (await desk.events()).map((event) => text(event, "event_id"))
    const from = Math.max(0, whole.length - 20)
    let since = whole[from]
    const told: Array<string> = []
    while (since !== undefined && told.length <= 25) {
      const page = await desk.get(`/v1/events?limit=3&since=${encodeURIComponent(since)}`)
      const ids = list(answered("a page", page), "events").map((event) => text(event, "event_id"))
      told.push(...ids)
      since = ids.at(-1)
    }
    same("the pages together", told, whole.slice(from + 1))
    const last = whole.at(-1)
    if (last !== undefined) same("what comes after the last event", await desk.events(last), [])
  },
})
