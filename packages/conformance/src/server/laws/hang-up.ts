import { same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-220",
  level: 2,
  source: "JobSpec v0 §5.1, §16.1",
  statement: "A client that hangs up and asks again with its key has one job, however often it does.",
  violation: "work that goes on after the client has gone, beside that of the retry.",
  needs: ["mutates"],
  check: async (desk) => {
    const keys = Array.from({ length: 12 }, () => desk.fresh("key"))
    for (const [i, idempotency_key] of keys.entries()) {
      for (let retry = 0; retry < 3; retry++) {
        const gone = new AbortController()
        const asked = desk.post("/v1/jobs", { job_type: "eval.suite", idempotency_key }, { signal: gone.signal })
        setTimeout(() => gone.abort(), (i * 3 + retry) % 5)
        await asked.catch(() => undefined)
      }
      await desk.submit({ job_type: "eval.suite", idempotency_key })
    }
    const recorded = (await desk.recent()).map((event) => doc(event["payload"] ?? {})["idempotency_key"])
    const counts = keys.map((key) => recorded.filter((each) => each === key).length)
    desk.about(keys.filter((_, i) => counts[i] !== 1).slice(0, 1))
    same(
      "events of each key",
      counts,
      keys.map(() => 1),
    )
  },
})
