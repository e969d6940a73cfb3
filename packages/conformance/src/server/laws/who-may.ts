import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-017",
  level: 0,
  source: "JobSpec v0 §6.1, §6.2",
  statement:
    'A mutation without the token, or with a wrong one, is refused with 403 "daemon mutation denied: mutation token mismatch".',
  violation: "a route that was added later and forgot to ask.",
  needs: ["mutates"],
  check: async (desk) => {
    const denied = "daemon mutation denied: mutation token mismatch"
    const paths = [
      "/v1/jobs",
      ...(desk.can.cancels ? ["/v1/jobs/cancel", "/v1/jobs/x/cancel"] : []),
      ...desk.can.consumers.map(({ prefix }) => `${prefix}/triggers/jobs`),
      ...(desk.can.works ? ["/waybill/v1/claims", "/waybill/v1/jobs/x/claim", "/waybill/v1/jobs/x/complete"] : []),
    ]
    for (const path of paths)
      for (const as of ["nobody", { token: "wrong" }, { token: `${desk.target.token}x` }] as const) {
        const answer = await desk.post(path, { job_type: "eval.suite" }, { as })
        refused(`POST ${path}`, answer, 403, denied)
        same("WWW-Authenticate", answer.headers.get("www-authenticate"), null)
      }
  },
})
