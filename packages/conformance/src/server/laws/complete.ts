import { answered, refused, same } from "../Desk.ts"
import { doc, pick } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-10",
  level: 3,
  source: "JobSpec v0 §8, §10.7",
  statement:
    "Completion is one terminal event with what was made; again, with any token, it answers the same and records nothing.",
  violation: "a lost answer makes the worker complete twice, and the second one is refused or recorded.",
  needs: ["works"],
  check: async (desk) => {
    const { hold, job_id } = await held(desk)
    const artifacts = { page: "out/index.html" }
    const first = answered("the completion", await work(desk, job_id, "complete", { ...hold, artifacts }))
    same(
      "the job",
      [doc(first["job"], "job")["status"], doc(first["job"], "job")["artifacts"]],
      ["completed", artifacts],
    )
    const end = await desk.end()
    for (const [verb, body] of [
      ["complete", hold],
      ["complete", {}],
      ["fail", hold],
      ["fail", { claim_token: "x", lease_epoch: 9 }],
    ] as const)
      same(
        `${verb} again`,
        doc(answered(`${verb} again`, await work(desk, job_id, verb, body))["job"], "job")["status"],
        "completed",
      )
    refused("a heartbeat afterwards", await work(desk, job_id, "heartbeat", hold), 409)
    refused("a claim afterwards", await work(desk, job_id, "claim"), 409, "daemon queue: no claimable jobs")
    same("the ledger's last event", await desk.end(), end)
    const payload = doc((await desk.eventsOf(job_id)).at(-1)?.["payload"], "payload")
    const expected = { result_status: "succeeded", lease_epoch: hold.lease_epoch, artifacts }
    same("the event", pick(payload, expected), expected)
  },
})
