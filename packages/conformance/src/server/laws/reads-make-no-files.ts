import { readdir } from "node:fs/promises"
import { dirname } from "node:path"
import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "HONESTY-04",
  level: 1,
  source: "JobSpec v0 §3.2, §7.7",
  statement: "Reading makes no file beside the ledger, not even where records are corrupt.",
  violation: "readiness that quarantines what it finds.",
  hooks: ["ledger"],
  check: async (desk) => {
    const files = async (): Promise<ReadonlyArray<string>> =>
      (await readdir(dirname(desk.target.ledger ?? ""), { recursive: true })).toSorted()
    await desk.get("/v1/ready")
    const before = await files()
    for (const path of ["/v1/ready", "/v1/status", "/v1/events", "/v1/health"]) await desk.get(path)
    same("the files beside the ledger", await files(), before)
  },
})
