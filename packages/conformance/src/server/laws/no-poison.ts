import { answered, holds, same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "HONESTY-02",
  level: 2,
  source: "JobSpec v0 §18.6",
  statement:
    "No request can make the server unready or unreadable: what replay would refuse is refused before it is written.",
  violation:
    "a job id of a megabyte, or a payload as deep as the parser goes, is one level too much for the line it is written in.",
  needs: ["mutates"],
  check: async (desk) => {
    const before = answered("/v1/ready", await desk.get("/v1/ready"))["ready"]
    const deep = (depth: number): string =>
      `{"job_type":"eval.suite","payload":{"d":${"[".repeat(depth)}${"]".repeat(depth)}}}`
    const bodies = [
      JSON.stringify({ job_type: "eval.suite", job_id: "<".repeat(1_000_000) }),
      JSON.stringify({ job_type: "eval.suite", request_id: "&".repeat(1_000_000) }),
      JSON.stringify({ job_type: "eval.suite", payload: { text: "<".repeat(100_000) } }),
      ...[500, 4_000, 9_990, 9_997, 9_998].map(deep),
      '{"job_type":"eval.suite","job_id":"a\\ud800"}',
      '{"job_type":"eval.suite","payload":{"\\udc00":"\\ud800"}}',
    ]
    for (const body of bodies) {
      const { status } = await desk.post("/v1/jobs", body)
      holds("it is taken or refused, not broken", status < 500, `${status} for ${body.slice(0, 80)}`)
      same(`ready after ${body.slice(0, 60)}`, answered("/v1/ready", await desk.get("/v1/ready"))["ready"], before)
    }
    for (const path of ["/v1/status", "/v1/events"])
      same(path, (await desk.get(path, { deadline_ms: 60_000 })).status, 200)
  },
})
