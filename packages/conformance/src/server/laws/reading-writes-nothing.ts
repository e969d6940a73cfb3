import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-111",
  level: 1,
  source: "JobSpec v0 §3.2",
  statement: "Reading appends nothing, however often and whatever is read.",
  violation: "a read that repairs, expires a lease or writes an access log into the ledger.",
  check: async (desk) => {
    const before = await desk.end()
    const paths = [
      "/v1/ready",
      "/v1/status",
      "/v1/events?limit=5",
      "/v1/health",
      ...(desk.can.schedules ? ["/v1/schedules"] : []),
      ...(desk.can.plans ? ["/v1/plans/manifest", "/v1/plans/diff"] : []),
      ...desk.can.consumers.flatMap(({ prefix }) => [
        `${prefix}/health`,
        `${prefix}/snapshot/latest`,
        `${prefix}/jobs`,
      ]),
    ]
    for (const path of [...paths, ...paths]) same(path, (await desk.get(path)).status, 200)
    same("the ledger's last event", await desk.end(), before)
  },
})
