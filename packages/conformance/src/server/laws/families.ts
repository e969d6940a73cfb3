import { answered, same } from "../Desk.ts"
import { list, pick, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-404",
  level: 4,
  source: "JobSpec v0 §12.4, §13",
  statement:
    "Each type of job stands in the lists of its family: every job in jobs, rpi and dream in runs, wiki in wiki.",
  violation: "a list that is filtered by a prefix of the type.",
  needs: ["consumers", "mutates"],
  check: async (desk) => {
    const families = [
      ["rpi.phase", "runs"],
      ["dream.stage", "runs"],
      ["wiki.build", "wiki"],
      ["eval.suite", ""],
    ] as const
    const jobs: Array<readonly [string, string]> = []
    for (const [job_type, family] of families) jobs.push([text(await desk.submit({ job_type }), "job_id"), family])
    for (const { prefix } of desk.can.consumers)
      for (const [name, kind] of [
        ["runs", "run"],
        ["jobs", "job"],
        ["wiki", "wiki"],
      ] as const) {
        const resources = list(answered(name, await desk.get(`${prefix}/${name}`)), name)
        for (const [job_id, family] of jobs) {
          const found = resources.find((each) => each["job_id"] === job_id)
          same(`a job of family "${family}" in ${name}`, found !== undefined, name === "jobs" || name === family)
          if (found === undefined) continue
          const expected = {
            resource_id: name === "wiki" ? `wiki-${job_id}` : job_id,
            resource_kind: kind,
            run_id: family === "runs" ? job_id : undefined,
          }
          same("the resource", pick(found, expected), expected)
        }
      }
  },
})
