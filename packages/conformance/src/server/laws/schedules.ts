import { answered, refused, same } from "../Desk.ts"
import { list, pick } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-222",
  level: 2,
  source: "JobSpec v0 §3.6, §5.5",
  statement: "Schedules are created once per name, listed in order of creation and deleted, also when there is none.",
  violation: "a second creation replaces the first without a word.",
  needs: ["mutates", "schedules"],
  check: async (desk) => {
    const name = desk.fresh("schedule")
    const template = { name, cron: "0 3 1 1 *", job_type: "eval.suite" }
    same("the creation", answered("the creation", await desk.post("/v1/schedules", template), 201)["name"], name)
    try {
      refused(
        "the same name again",
        await desk.post("/v1/schedules", template),
        409,
        `schedule "${name}" already exists`,
      )
      const schedules = list(answered("the list", await desk.get("/v1/schedules")), "schedules")
      const found = schedules.find((each) => each["name"] === name) ?? {}
      const expected = { ...template, backpressure: { skip_if_running: false, max_queue_depth: 0 } }
      same("the schedule", pick(found, expected), expected)
    } finally {
      for (let i = 0; i < 2; i++)
        same("its deletion", (await desk.ask(`/v1/schedules/${name}`, { method: "DELETE" })).json, {
          name,
          deleted: true,
        })
    }
    refused("an unknown field", await desk.post("/v1/schedules", { ...template, more: 1 }), 400, /^invalid json: /u)
    refused("no name", await desk.post("/v1/schedules", { ...template, name: "" }), 400, "schedule name is required")
    refused(
      "a path as name",
      await desk.post("/v1/schedules", { ...template, name: "a/b" }),
      400,
      "schedule name must not contain path separators or '..'",
    )
    refused("no cron", await desk.post("/v1/schedules", { ...template, cron: "" }), 400, "cron is required")
    refused(
      "six fields",
      await desk.post("/v1/schedules", { ...template, cron: "0 0 3 1 1 *" }),
      400,
      /^invalid cron "0 0 3 1 1 \*": /u,
    )
    refused("no type", await desk.post("/v1/schedules", { ...template, job_type: "" }), 400, "job_type is required")
  },
})
