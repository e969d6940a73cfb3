import { answered, holds, same } from "../Desk.ts"
import { list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

const page_max = 1000
/** So many events show what a limit above the largest does. */
const events_min = page_max + 1
const lanes = 8
/** How long a slow server is given to take them in; what it has by then is paged. */
const fill_ms = 15_000

export default serverLaw({
  id: "JOBSPEC-114",
  level: 1,
  source: "JobSpec v0 §3.4",
  statement:
    "A page holds as many events as its limit asks for, up to 1000, and pages of whatever size make up the whole.",
  violation: "a cap of its own on every page, or a block that is read short where one page ends in the middle of it.",
  isLate: true,
  check: async (desk) => {
    const before = await desk.events()
    if (desk.can.mutates) {
      const until = performance.now() + fill_ms
      let missing = events_min - before.length
      await Promise.all(
        Array.from({ length: lanes }, async () => {
          while (missing-- > 0 && performance.now() < until) await desk.submit({ job_type: "eval.suite" })
        }),
      )
    }
    const whole = (await desk.events()).map((event) => text(event, "event_id"))
    const pageAfter = async (limit: number, since?: string): Promise<ReadonlyArray<string>> => {
      const cursor = since === undefined ? "" : `&since=${encodeURIComponent(since)}`
      const page = answered(
        `limit=${limit}`,
        await desk.get(`/v1/events?limit=${limit}${cursor}`, { deadline_ms: 60_000 }),
      )
      return list(page, "events").map((event) => text(event, "event_id"))
    }
    for (const limit of [4, 10, 99, 100, 101, 250, 256, 500, 999, page_max, page_max + 1, 5 * page_max]) {
      const page = await pageAfter(limit)
      const most = Math.min(limit, page_max, whole.length)
      holds(`limit=${limit} tells ${most} of ${whole.length} events`, page.length === most, page.length)
      same(`the events of limit=${limit}`, page, whole.slice(0, most))
    }
    for (const limit of [100, 333, page_max]) {
      const last = whole.slice(-events_min)
      const told: Array<string> = last.slice(0, 1)
      while (told.length < last.length) {
        const page = await pageAfter(limit, told.at(-1))
        if (page.length === 0) break
        told.push(...page)
      }
      same(`the pages of limit=${limit} together`, told, last)
    }
  },
})
