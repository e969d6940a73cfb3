import { answered, same } from "../Desk.ts"
import { doc, list, text, type Doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "PROJECTION-03",
  level: 1,
  source: "JobSpec v0 §3.3",
  statement:
    "Status is taken at one moment: queue and projections in it stand at the same event, also while jobs come in.",
  violation: "each part of the answer is read on its own.",
  needs: ["mutates"],
  check: async (desk) => {
    let isOver = false
    const write = async (): Promise<void> => {
      for (let i = 0; i < 60 && !isOver; i++) await desk.submit({ job_type: "eval.suite" })
    }
    const read = async (): Promise<void> => {
      for (let i = 0; i < 6; i++) {
        const status = answered("/v1/status", await desk.get("/v1/status"))
        const [queue, set] = [doc(status["queue"], "queue"), doc(status["projections"], "projections")]
        same("the last event of queue and projections", queue["last_event_id"], set["last_event_id"])
        const ids = (of: Doc): ReadonlyArray<string> =>
          list(of, "jobs")
            .map((job) => text(job, "job_id"))
            .toSorted()
        same("the jobs of queue and projections", ids(queue), ids(set))
      }
    }
    await Promise.all([
      write(),
      read().finally(() => {
        isOver = true
      }),
    ])
  },
})
