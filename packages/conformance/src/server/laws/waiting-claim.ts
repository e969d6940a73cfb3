import { answered, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"
import { long_lease, wait } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-17",
  level: 3,
  source: "docs/workers.md",
  statement: "A claim that waits is answered when a job comes, with that job.",
  violation: "the waiter is woken before the job can be seen, finds nothing and goes away.",
  needs: ["works"],
  check: async (desk) => {
    const job_type = "llmwiki.loop"
    for (
      let i = 0;
      i < 50 && (await desk.post("/waybill/v1/claims", { job_types: [job_type], lease: long_lease })).status === 200;
      i++
    );
    for (let round = 0; round < 3; round++) {
      const waiting = desk.post("/waybill/v1/claims", { job_types: [job_type], lease: long_lease, wait: "10s" })
      // It is looked at below, unless what comes before fails.
      waiting.catch(() => undefined)
      await wait(20)
      const job_id = desk.fresh()
      await desk.submit({ job_type, job_id })
      same("the job", answered("the claim that waited", await waiting)["job_id"], job_id)
    }
  },
})
