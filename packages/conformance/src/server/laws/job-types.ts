import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-208",
  level: 2,
  source: "JobSpec v0 §12.4",
  statement: "Each of the contract's job types is taken in, with its default projection targets.",
  violation: "a list of types that was copied before the last one was added.",
  needs: ["mutates"],
  check: async (desk) => {
    const daemon = ["daemon-status", "daemon-job-status"]
    const types: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      ...["rpi.run", "rpi.phase"].map((type) => [type, ["rpi-registry", "openclaw-snapshot"]] as const),
      ...["dream.run", "dream.stage"].map((type) => [type, ["dream-runs", "openclaw-snapshot"]] as const),
      ...["wiki.build", "wiki.forge"].map((type) => [type, ["wiki-jobs", "openclaw-snapshot"]] as const),
      ["plans.projection", ["plans-manifest"]],
      ...[
        "factory.admission",
        "factory.local-pilot",
        "llmwiki.loop",
        "eval.suite",
        "eval.skill-delta",
        "skill.invoke",
      ].map((type) => [type, []] as const),
    ]
    for (const [job_type, targets] of types) {
      const job_id = desk.fresh()
      await desk.submit({ job_id, job_type })
      const found = (await desk.job(job_id)) ?? {}
      const told = (found["projection_targets"] as ReadonlyArray<string>).map((name) =>
        name.replace("consumer-", "openclaw-"),
      )
      same(`the targets of ${job_type}`, told.toSorted(), [...targets, ...daemon].toSorted())
    }
  },
})
