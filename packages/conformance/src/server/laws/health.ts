import { answered, holds, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-101",
  level: 1,
  source: "JobSpec v0 §3.1, §16.1",
  statement: 'Health answers status "ok", daemon "agentopsd", read_only true and the time.',
  violation: "a health route that asks the ledger, and is down whenever the ledger is.",
  check: async (desk) => {
    const { daemon, now, read_only, status } = answered("/v1/health", await desk.get("/v1/health"))
    same("health", { status, daemon, read_only }, { status: "ok", daemon: "agentopsd", read_only: true })
    const off_ms = Math.abs(Date.parse(String(now)) - Date.now())
    holds("now is the time, within a day", off_ms < 86_400_000, now)
  },
})
