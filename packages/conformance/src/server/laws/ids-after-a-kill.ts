import { holds, same } from "../Desk.ts"
import { text, type Doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-03",
  level: 2,
  source: "JobSpec v0 §9, §18.2",
  statement: "After a restart no event or job id is given again, and what is new comes after what was there.",
  violation: "a counter that begins again, or at the number of events that could be read.",
  needs: ["mutates"],
  hooks: ["restart"],
  check: async (desk) => {
    for (let i = 0; i < 3; i++) await desk.submit({ job_type: "eval.suite" })
    const before = (await desk.events()).map((event) => text(event, "event_id"))
    await desk.restart()
    const made: Array<Doc> = []
    for (let i = 0; i < 5; i++) made.push(await desk.submit({ job_type: "eval.suite" }))
    const events = await desk.events()
    const after = events.map((event) => text(event, "event_id"))
    same("what was there before", after.slice(0, before.length), before)
    same("how many ids there are", new Set(after).size, after.length)
    const jobs = events.slice(0, before.length).map((event) => event["job_id"])
    for (const { job_id } of made) holds("a new job has a new id", !jobs.includes(job_id), job_id)
  },
})
