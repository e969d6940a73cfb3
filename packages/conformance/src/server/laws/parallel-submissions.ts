import { same } from "../Desk.ts"
import { text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-217",
  level: 2,
  source: "JobSpec v0 §18.2",
  statement:
    "Jobs that are submitted at the same time without ids are as many jobs, each acknowledged one in the ledger once.",
  violation: "an id made from the number of events, so that two callers get one job.",
  needs: ["mutates"],
  check: async (desk) => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => desk.submit({ job_type: "eval.suite", idempotency_key: desk.fresh("key") })),
    )
    const ids = answers.map((answer) => text(answer, "job_id"))
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i)
    desk.about(twice.slice(0, 1).map((id) => JSON.stringify(id)))
    same("how many jobs were acknowledged", new Set(ids).size, 40)
    const recorded = (await desk.recent()).filter(
      (event) => event["event_type"] === "job.accepted" && ids.includes(text(event, "job_id")),
    )
    same("how many were recorded", recorded.length, 40)
    same("how many keys", new Set(answers.map((answer) => answer["idempotency_key"])).size, 40)
  },
})
