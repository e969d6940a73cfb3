/**
 * The consumer's reads (JobSpec v0 §13), under both of its names.
 *
 * @module
 */
import { consumer_names, consumerHealth, type ConsumerNames, openclaw_names } from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import { ok } from "../Http.ts"
import type { Operation, Route } from "../Route.ts"

const read = (path: string, GET: Operation): Route => ({ path, operations: { GET } })

const routesUnder = (app: App, names: ConsumerNames): ReadonlyArray<Route> => {
  const { jobspec, ledger, now_ms, replay } = app
  const { jobs, states } = jobspec.projections
  const list = (name: "runs" | "jobs" | "wiki"): Route =>
    read(`${names.route}/${name}`, {
      id: `${names.field}_${name}`,
      summary: `The ${name} list of the consumer's snapshot.`,
      answers: { 200: { description: "Its resources.", schema: "ResourceList" } },
      handle: () => ledger.queryAll({ jobs }, (views) => ok({ [name]: jobspec.resources(views)[name] })),
    })
  return [
    read(`${names.route}/health`, {
      id: `${names.field}_health`,
      summary: "How the consumer's projection is.",
      answers: { 200: { description: "Its health.", schema: "ConsumerHealth" } },
      handle: () =>
        Effect.gen(function* () {
          const found = yield* replay(0)
          return yield* ledger.queryAll({ jobs, states }, (views) => ok(consumerHealth(views, found, now_ms(), names)))
        }),
    }),
    read(`${names.route}/snapshot/latest`, {
      id: `${names.field}_snapshot`,
      summary: "Everything a consumer sees, at one position.",
      answers: { 200: { description: "The snapshot.", schema: "ConsumerSnapshot" } },
      handle: () =>
        Effect.gen(function* () {
          const found = yield* replay(0)
          return yield* ledger.queryAll({ jobs, states }, (views) =>
            ok(jobspec.consumerSnapshot(views, { now_ms: now_ms(), replay: found, names })),
          )
        }),
    }),
    list("runs"),
    list("jobs"),
    list("wiki"),
  ]
}

export const consumerRoutes = (app: App): ReadonlyArray<Route> =>
  [openclaw_names, consumer_names].flatMap((names) => routesUnder(app, names))
