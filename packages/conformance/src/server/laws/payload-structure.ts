import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

/** A field of each type and shape: what it takes, and what it does not. */
const fields = [
  ["rpi.run", "start_phase", 99, "1"],
  ["rpi.run", "max_cycles", 1, 1.5],
  ["rpi.run", "goal", "", 5],
  ["rpi.run", "test_first", true, "true"],
  ["rpi.phase", "attempt", 0, {}],
  ["dream.run", "dream_run_id", "x", []],
  ["dream.stage", "iteration", 3, true],
  ["wiki.forge", "source_paths", ["a"], ["a", 1]],
  ["factory.admission", "work_order", { work_order_id: "x" }, { work_order_id: 5 }],
  ["factory.local-pilot", "handoff", { kind: "x" }, "x"],
  ["plans.projection", "issue_prefix", "x", 1],
  ["skill.invoke", "args", ["a"], [1]],
  ["skill.invoke", "args", "a", 1],
] as const

export default serverLaw({
  id: "JOBSPEC-210",
  level: 2,
  source: "JobSpec v0 §14",
  statement:
    "A known payload field of the wrong JSON type is refused with 400; missing, unknown and null fields and any value of the right type pass.",
  violation: "no check, so that the worker fails hours later; or a check of values, which is the worker's.",
  needs: ["mutates"],
  check: async (desk) => {
    for (const [job_type, field, right, wrong] of fields) {
      const answer = await desk.post("/v1/jobs", { job_type, payload: { [field]: wrong } })
      refused(
        `${job_type} ${field}: ${JSON.stringify(wrong)}`,
        answer,
        400,
        new RegExp(`^daemon queue: invalid job payload: ${job_type} payload: `, "u"),
      )
      for (const value of [right, null]) await desk.submit({ job_type, payload: { [field]: value, unknown: 1.5 } })
    }
    await desk.submit({ job_type: "eval.suite", payload: { schema_version: "anything" } })
  },
})
