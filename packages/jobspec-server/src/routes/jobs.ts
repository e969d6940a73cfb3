/**
 * One job and what was recorded of it, and what types of jobs there can be.
 *
 * @module
 */
import { queueJobState } from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import { small_pages } from "../Feed.ts"
import { jobIdIn, ok, refuse } from "../Http.ts"
import type { Route } from "../Route.ts"
import { listed } from "./events.ts"
import { asItIs, jobIn } from "./workRoute.ts"

export const jobRoutes = (app: App): ReadonlyArray<Route> => {
  const { jobspec, ledger, now_ms } = app
  return [
    {
      path: "/waybill/v1/job-types",
      operations: {
        GET: {
          id: "job_types",
          summary: "The types of jobs that this server takes.",
          answers: { 200: { description: "Their names, in byte order.", schema: "JobTypes" } },
          handle: () => Effect.succeed(ok({ job_types: [...jobspec.jobTypes.names].toSorted() })),
        },
      },
    },
    {
      path: "/waybill/v1/jobs/{id}",
      operations: {
        GET: {
          id: "job",
          summary: "One job as the queue sees it. Costs the same however many there are.",
          answers: { 200: asItIs, 404: { description: "There is no such job.", schema: "Error" } },
          handle: (call) =>
            Effect.gen(function* () {
              const job = yield* jobIn(app, jobIdIn(call))
              if (job === undefined) return yield* refuse(404, "daemon queue: job not found")
              return ok({ job: queueJobState(job, now_ms()) })
            }),
        },
      },
    },
    {
      path: "/waybill/v1/jobs/{id}/facts",
      operations: {
        GET: {
          id: "job_facts",
          summary: "Everything that was recorded of one job, in order.",
          answers: {
            200: { description: "Its events; none where nobody has heard of it.", schema: "Facts" },
          },
          handle: (call) => Effect.succeed(listed(ledger.readStream(jobIdIn(call), small_pages), "")),
        },
      },
    },
  ]
}
