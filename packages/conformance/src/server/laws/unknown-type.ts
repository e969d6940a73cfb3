import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-209",
  level: 2,
  source: "JobSpec v0 §4",
  statement: "An unknown or missing job type is refused with 400 and its name, and appends nothing.",
  violation: "a job that no worker can ever run is accepted and waits for ever.",
  needs: ["mutates"],
  check: async (desk) => {
    const end = await desk.end()
    for (const job_type of ["nothing", "RPI.RUN", "rpi.run ", ""])
      refused(
        `the type "${job_type}"`,
        await desk.post("/v1/jobs", { job_type }),
        400,
        `invalid job type ${JSON.stringify(job_type)}`,
      )
    refused("no type", await desk.post("/v1/jobs", {}), 400, 'invalid job type ""')
    same("the ledger's last event", await desk.end(), end)
  },
})
