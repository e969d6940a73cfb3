import { answered, same } from "../Desk.ts"
import { doc, list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-402",
  level: 4,
  source: "JobSpec v0 §13",
  statement: "The snapshot is named after the ledger's last event and holds what the lists hold.",
  violation: "a snapshot file that is written now and then.",
  needs: ["consumers"],
  check: async (desk) => {
    for (const { prefix } of desk.can.consumers) {
      const snapshot = answered(`${prefix}/snapshot/latest`, await desk.get(`${prefix}/snapshot/latest`))
      const end = await desk.end()
      same("its version", snapshot["schema_version"], 1)
      same("its id", snapshot["snapshot_id"], end === undefined ? "snap_empty" : `snap_${end}`)
      same("its last event", doc(snapshot["source"], "source")["last_event_id"], end)
      for (const name of ["runs", "jobs", "wiki"])
        same(
          name,
          list(doc(snapshot["resources"], "resources"), name),
          list(answered(name, await desk.get(`${prefix}/${name}`)), name),
        )
    }
  },
})
