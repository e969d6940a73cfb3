import { holds, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-001",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement: "Every JSON answer has the type application/json, is UTF-8 and ends with one newline.",
  violation:
    "a framework that adds its own charset, or sends a body without its newline so that shells run lines together.",
  check: async (desk) => {
    for (const path of ["/v1/health", "/v1/ready", "/v1/status", "/v1/events", "/v1/events?limit=x"]) {
      const { bytes, headers, json, text } = await desk.get(path)
      same(`the type of ${path}`, headers.get("content-type"), "application/json")
      holds(`${path} is JSON`, json !== undefined, text.slice(0, 200))
      new TextDecoder("utf-8", { fatal: true }).decode(bytes)
      same(`the end of ${path}`, /\n*$/u.exec(text)?.[0], "\n")
    }
  },
})
