import { refused, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-408",
  level: 4,
  source: "JobSpec v0 §5.4",
  statement: "The trigger looks at the token, then the body, then the allowlist, then the key.",
  violation: "what is wrong is told to whoever may not ask.",
  needs: ["consumers", "mutates"],
  check: async (desk) => {
    for (const { name, prefix } of desk.can.consumers) {
      const path = `${prefix}/triggers/jobs`
      const key = "k".repeat(257)
      refused("no token and no JSON", await desk.post(path, "{", { as: "nobody" }), 403)
      refused("no JSON", await desk.post(path, "{"), 400, "invalid json")
      refused(
        "a type that is not on the list, and a key that is too long",
        await desk.post(path, { job_type: "eval.suite", idempotency_key: key }),
        400,
        `job_type is not allowlisted for ${name} trigger`,
      )
      refused(
        "a key that is too long",
        await desk.post(path, { job_type: "rpi.run", idempotency_key: key }),
        400,
        "idempotency_key exceeds MaxIdempotencyKeyBytes",
      )
      const { headers, status } = await desk.get(path)
      same("GET", [status, headers.get("allow")], [405, "POST"])
    }
  },
})
