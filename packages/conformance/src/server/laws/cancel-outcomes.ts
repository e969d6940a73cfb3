import { answered, refused, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { held, typesOf, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-13",
  level: 3,
  source: "JobSpec v0 §5.2, §16.1",
  statement:
    "A cancellation of an ended job says how it ended and changes nothing; of a running or waiting job it ends it, and the worker learns at its next heartbeat.",
  violation: "a completed job becomes cancelled, or a cancelled one is completed by its worker.",
  needs: ["works", "cancels"],
  check: async (desk) => {
    for (const [verb, outcome] of [
      ["complete", "already_terminal_completed"],
      ["fail", "already_terminal_failed"],
    ] as const) {
      const { hold, job_id } = await held(desk)
      answered(verb, await work(desk, job_id, verb, hold))
      const before = await typesOf(desk, job_id)
      const answer = answered("the cancellation", await desk.cancel(job_id), 202)
      same("the outcome", [answer["cancelled"], answer["outcome"]], [false, outcome])
      same("the events", await typesOf(desk, job_id), before)
    }
    const running = await held(desk)
    same("of a running job", answered("it", await desk.cancel(running.job_id), 202)["outcome"], "cancelled")
    refused("the heartbeat afterwards", await work(desk, running.job_id, "heartbeat", running.hold), 409)
    const late = answered("the completion afterwards", await work(desk, running.job_id, "complete", running.hold))
    same("what the late worker is told", doc(late["job"], "job")["status"], "cancelled")
    const waiting = await held(desk)
    await work(desk, waiting.job_id, "release", waiting.hold)
    same("of a waiting job", answered("it", await desk.cancel(waiting.job_id), 202)["outcome"], "cancelled")
  },
})
