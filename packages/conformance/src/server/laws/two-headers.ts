import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-018",
  level: 0,
  source: "JobSpec v0 §6.1",
  statement: 'The token is taken from X-AgentOps-Daemon-Token, which wins, or from Authorization: "Bearer " exactly.',
  violation: "any scheme is taken, or both headers are tried in turn.",
  needs: ["mutates"],
  check: async (desk) => {
    const token = desk.target.token ?? ""
    const ask = (headers: Readonly<Record<string, string>>) => desk.post("/v1/jobs", {}, { as: "nobody", headers })
    for (const headers of [
      { "X-AgentOps-Daemon-Token": ` ${token} ` },
      { Authorization: `Bearer ${token}` },
      { "X-AgentOps-Daemon-Token": token, Authorization: "Bearer wrong" },
    ])
      refused(Object.keys(headers).join(" and "), await ask(headers), 400, 'invalid job type ""')
    for (const headers of [
      { "X-AgentOps-Daemon-Token": "wrong", Authorization: `Bearer ${token}` },
      { Authorization: `bearer ${token}` },
      { Authorization: token },
    ])
      refused(Object.keys(headers).join(" and "), await ask(headers), 403)
  },
})
