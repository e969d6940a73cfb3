import { answered, holds, same } from "../Desk.ts"
import { doc, isTime, list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-401",
  level: 4,
  source: "JobSpec v0 §13",
  statement: "The consumer's health tells its snapshot, source and how many resources there are.",
  violation: "counts that are kept beside the projection.",
  needs: ["consumers"],
  check: async (desk) => {
    if (desk.can.mutates) for (const job_type of ["rpi.run", "dream.run", "wiki.build"]) await desk.submit({ job_type })
    for (const { prefix } of desk.can.consumers) {
      const health = answered(`${prefix}/health`, await desk.get(`${prefix}/health`))
      same("status", health["status"], "ok")
      same("the type of ready", typeof health["ready"], "boolean")
      holds("generated_at is a time", isTime(health["generated_at"]), health)
      same("source", doc(health["source"], "source")["ledger"], ".agents/daemon/ledger.jsonl")
      holds("snapshot_status", ["current", "stale", "degraded"].includes(text(health, "snapshot_status")), health)
      const counts: Record<string, number> = {}
      for (const name of ["runs", "jobs", "wiki"])
        counts[name] = list(answered(name, await desk.get(`${prefix}/${name}`)), name).length
      same("resource_counts", health["resource_counts"], counts)
    }
  },
})
