import { readFile, writeFile } from "node:fs/promises"
import { answered, holds, refused, same } from "../Desk.ts"
import { doc, list, number } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "HONESTY-05",
  level: 1,
  source: "JobSpec v0 §3.2, §7.6, §18.3",
  statement:
    "A record that can no longer be read is counted, listed and makes ready false, while everything else is still served and submissions go on.",
  violation: "the broken line is skipped in silence, or takes every route down with it.",
  needs: ["mutates"],
  hooks: ["restart", "ledger"],
  check: async (desk) => {
    const lost = await desk.submit({ job_type: "eval.suite" })
    const kept = await desk.submit({ job_type: "eval.suite" })
    // A ledger of which next to nothing is left as it was may be taken for another one.
    for (let i = 0; i < 20; i++) await desk.submit({ job_type: "eval.suite" })
    const file = desk.target.ledger ?? ""
    await desk.restart(async () => {
      const lines = (await readFile(file, "latin1")).split("\n")
      const at = lines.findIndex((line) => line.includes(JSON.stringify(lost["last_event_id"])))
      await writeFile(file, lines.with(at, `x${lines[at]?.slice(1) ?? ""}`).join("\n"), "latin1")
    })
    const ready = answered("/v1/ready", await desk.get("/v1/ready"))
    same(
      "readiness",
      [ready["ready"], ready["ledger_replay_status"], ready["projection_status"]],
      [false, "corrupt", "degraded"],
    )
    holds("the count", number(doc(ready["projection_lag"], "projection_lag"), "corrupt_record_count") >= 1, ready)
    const told = answered("/v1/events", await desk.get("/v1/events"))
    holds("the list", list(told, "corrupt").length >= 1, told["corrupt"])
    holds(
      "what can be read is told",
      list(told, "events").some((event) => event["event_id"] === kept["last_event_id"]),
      kept,
    )
    same("status", answered("/v1/status", await desk.get("/v1/status"))["ready"], false)
    same("a submission", (await desk.submit({ job_type: "eval.suite" }))["accepted"], true)
    for (const { prefix } of desk.can.consumers)
      refused(
        "the trigger",
        await desk.post(`${prefix}/triggers/jobs`, { job_type: "rpi.run" }),
        503,
        "daemon is not ready",
      )
  },
})
