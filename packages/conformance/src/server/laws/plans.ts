import { answered, holds, refused, same } from "../Desk.ts"
import { isTime, list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-112",
  level: 1,
  source: "JobSpec v0 §3.5",
  statement: "Plans have a manifest, and a diff whose unknown cursor is no error.",
  violation: "the cursor's rule of the events is applied to the plans.",
  needs: ["plans"],
  check: async (desk) => {
    if (desk.can.mutates) await desk.submit({ job_type: "plans.projection" })
    const manifest = answered("/v1/plans/manifest", await desk.get("/v1/plans/manifest"))
    same("its version", manifest["schema_version"], 1)
    list(manifest, "entries")
    holds("rebuilt_at is a time", isTime(manifest["rebuilt_at"]), manifest["rebuilt_at"])
    const diff = answered("/v1/plans/diff", await desk.get("/v1/plans/diff?limit=2"))
    holds("a page of two", list(diff, "events").length <= 2, diff)
    same("the type of last_event_id", typeof diff["last_event_id"], "string")
    same(
      "after an unknown cursor",
      list(answered("an unknown cursor", await desk.get("/v1/plans/diff?since=unknown")), "events"),
      [],
    )
    refused("limit=x", await desk.get("/v1/plans/diff?limit=x"), 400, "limit must be a non-negative integer")
  },
})
