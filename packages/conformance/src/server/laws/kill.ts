import { same } from "../Desk.ts"
import { text, type Doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-01",
  level: 2,
  source: "JobSpec v0 §7.4, §16.1",
  statement:
    "What was acknowledged survives a kill: the events are the same, and each job is found by its id and key as it was.",
  violation: "the acknowledgement comes when memory has the bytes, and the file gets them later.",
  needs: ["mutates"],
  hooks: ["restart"],
  check: async (desk) => {
    const jobs: Array<Doc> = []
    for (let i = 0; i < 6; i++)
      jobs.push(await desk.submit({ job_type: "rpi.run", idempotency_key: desk.fresh("key"), payload: { goal: "x" } }))
    const [first] = jobs
    if (desk.can.cancels) await desk.cancel(text(first ?? {}, "job_id"))
    const before = await desk.events()
    await desk.restart()
    const after = await desk.events()
    same("the events that were there before", after.slice(0, before.length), before)
    const end = await desk.end()
    for (const [i, job] of jobs.entries()) {
      const again = await desk.submit({ job_type: "rpi.run", idempotency_key: job["idempotency_key"] })
      same(
        "the job of a key",
        [again["job_id"], again["status"]],
        [job["job_id"], i === 0 && desk.can.cancels ? "cancelled" : "queued"],
      )
    }
    same("the ledger's last event", await desk.end(), end)
  },
})
