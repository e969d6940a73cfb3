import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-406",
  level: 4,
  source: "JobSpec v0 §5.4, §16.1",
  statement:
    "The trigger refuses every type outside of its allowlist, unknown and missing ones too, and appends nothing.",
  violation: "the trigger is an alias of the submission.",
  needs: ["consumers", "mutates"],
  check: async (desk) => {
    const end = await desk.end()
    for (const { name, prefix } of desk.can.consumers)
      for (const job_type of ["eval.suite", "wiki.build", "rpi.phase", "nothing", ""])
        refused(
          `the type "${job_type}"`,
          await desk.post(`${prefix}/triggers/jobs`, { job_type }),
          400,
          `job_type is not allowlisted for ${name} trigger`,
        )
    same("the ledger's last event", await desk.end(), end)
  },
})
