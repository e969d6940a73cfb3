import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-107",
  level: 1,
  source: "JobSpec v0 §3.4",
  statement: 'An unknown cursor is refused with 400 "event cursor not found", before the limit is looked at.',
  violation: "an unknown cursor reads from the beginning, so that a consumer does everything again.",
  check: async (desk) => {
    for (const query of [
      "since=evt_unknown",
      "since=evt_job.accepted_x_000001x",
      "after_id=unknown",
      "since=unknown&limit=x",
    ])
      refused(query, await desk.get(`/v1/events?${query}`), 400, "event cursor not found")
  },
})
