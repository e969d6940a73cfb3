import { answered, holds, same } from "../Desk.ts"
import { doc, isTime, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-104",
  level: 1,
  source: "JobSpec v0 §12.2",
  statement: "Each projection has a manifest with its name, source, status and time.",
  violation: "a manifest that is written by hand and not moved with the ledger.",
  check: async (desk) => {
    if (desk.can.mutates) await desk.submit({ job_type: "eval.suite" })
    const set = doc(answered("/v1/status", await desk.get("/v1/status"))["projections"], "projections")
    const manifests = doc(set["manifests"], "manifests")
    const names = Object.keys(manifests)
      .map((name) => name.replace("consumer-", "openclaw-"))
      .toSorted()
    for (const name of [
      "daemon-job-status",
      "daemon-status",
      "dream-runs",
      "openclaw-snapshot",
      "rpi-registry",
      "wiki-jobs",
    ])
      holds(`there is a manifest for ${name}`, names.includes(name), names)
    for (const [name, value] of Object.entries(manifests)) {
      const manifest = doc(value)
      same(
        `the manifest of ${name}`,
        [manifest["schema_version"], manifest["projection"], manifest["source_ledger"]],
        [1, name, ".agents/daemon/ledger.jsonl"],
      )
      holds("its status", ["current", "stale", "degraded"].includes(text(manifest, "status")), manifest)
      holds("rebuilt_at is a time", isTime(manifest["rebuilt_at"]), manifest)
      same("its last event is the ledger's", manifest["last_event_id"], set["last_event_id"])
    }
  },
})
