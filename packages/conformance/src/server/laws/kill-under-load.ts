import { same } from "../Desk.ts"
import { doc, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "LEDGER-02",
  level: 2,
  source: "JobSpec v0 §7.4, §16.1",
  statement:
    "Killed in the middle of a load, every acknowledged job is there once; what was not acknowledged is there once or not at all, and once after it was asked for again.",
  violation: "a retry after the crash does not find what the crash left behind.",
  needs: ["mutates"],
  hooks: ["restart"],
  check: async (desk) => {
    const keys = Array.from({ length: 120 }, () => desk.fresh("key"))
    const acknowledged = new Map<string, string>()
    const submit = async (idempotency_key: string): Promise<void> => {
      const answer = await desk.post("/v1/jobs", { job_type: "eval.suite", idempotency_key })
      if (answer.status === 202) acknowledged.set(idempotency_key, text(doc(answer.json), "job_id"))
    }
    let restarting: Promise<void> | undefined
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let i = lane; i < keys.length && restarting === undefined; i += 8) {
          await submit(keys[i] ?? "").catch(() => undefined)
          if (acknowledged.size < 40 || restarting !== undefined) continue
          restarting = desk.restart()
          // It is waited for below, after everybody else has ended.
          restarting.catch(() => undefined)
        }
      }),
    )
    await (restarting ?? desk.restart())
    const told = new Map(acknowledged)
    for (const key of keys) await submit(key)
    for (const [key, job_id] of told) same("the job of an acknowledged key", acknowledged.get(key), job_id)
    const recorded = (await desk.recent()).map((event) => doc(event["payload"] ?? {})["idempotency_key"])
    same(
      "events of each key",
      keys.map((key) => recorded.filter((each) => each === key).length),
      keys.map(() => 1),
    )
  },
})
