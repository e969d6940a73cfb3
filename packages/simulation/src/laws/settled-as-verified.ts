import { asksForArtifact } from "@waybill/jobspec"
import { createHash } from "node:crypto"
import type { Law } from "../Law.ts"
import { goodText } from "../work.ts"

const law: Law = {
  id: "SIM-11",
  statement:
    "A job that asks for an artifact completes exactly when its run is verified; the bytes that are delivered are the verified ones, and the job's end names their digest.",
  violation:
    "a job is completed although the verifier rejected, or the artifact's bytes were not flushed before the verdict.",
  *check({ delivered, queue, runs }) {
    for (const [job_id, { artifacts, payload, status }] of queue.entries()) {
      if (!asksForArtifact(payload)) continue
      const terminal = runs.get(job_id)?.current.terminal
      if (status === "completed" && terminal?.kind !== "verified")
        yield `${job_id} is completed, and its run is ${String(terminal?.kind)}`
      if (terminal?.kind !== "verified") continue
      const text = goodText(payload)
      const digest = createHash("sha256").update(text).digest("hex")
      if (delivered.get(job_id) !== text) yield `${job_id} delivers ${String(delivered.get(job_id))}`
      if (status === "completed" && artifacts?.["terminal_artifact_sha256"]?.endsWith(digest) !== true)
        yield `${job_id} names the digest ${String(artifacts?.["terminal_artifact_sha256"])}, not ${digest}`
    }
  },
}
export default law
