/**
 * Health, readiness, status (JobSpec v0 §3.1–3.3) and plans (§3.5).
 *
 * @module
 */
import { healthDocument, plansManifest, readiness } from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import { ok } from "../Http.ts"
import type { Route } from "../Route.ts"
import { version } from "../version.ts"

/** Whose server it is, beside the contract's constant. */
const implementation = { implementation: "waybill", version } as const

export const readingRoutes = (app: App): ReadonlyArray<Route> => {
  const { jobspec, ledger, now_ms, plans, replay } = app
  const { projections } = jobspec
  return [
    {
      path: "/v1/health",
      aliases: ["/health"],
      operations: {
        GET: {
          id: "health",
          summary: "Whether the process answers. Touches nothing.",
          answers: { 200: { description: "It does.", schema: "Health" } },
          handle: () => Effect.sync(() => ok({ ...healthDocument(now_ms()), ...implementation })),
        },
      },
    },
    {
      path: "/v1/ready",
      aliases: ["/ready"],
      operations: {
        GET: {
          id: "ready",
          summary: "Whether everything that was ever recorded can be read.",
          answers: { 200: { description: "How well the ledger is.", schema: "Readiness" } },
          handle: () =>
            Effect.gen(function* () {
              const found = yield* replay(0)
              return ok(yield* app.ask(({ states }) => readiness(states, found)))
            }),
        },
      },
    },
    {
      path: "/v1/status",
      aliases: ["/status"],
      operations: {
        GET: {
          id: "status",
          summary: "The queue and all projections, at one position.",
          answers: { 200: { description: "Every job.", schema: "Status" } },
          handle: () =>
            Effect.gen(function* () {
              const found = yield* replay(0)
              const stored = yield* plans
              return yield* ledger.queryAll(projections, (views) =>
                ok(jobspec.status(views, { now_ms: now_ms(), replay: found, plans: stored.plans })),
              )
            }),
        },
      },
    },
    {
      path: "/v1/plans/manifest",
      operations: {
        GET: {
          id: "plans_manifest",
          summary: "The plans that a stored projection snapshot carries.",
          answers: { 200: { description: "Its entries, if there is one.", schema: "PlansManifest" } },
          handle: () =>
            Effect.gen(function* () {
              const stored = yield* plans
              return yield* ledger.query(projections.states, ({ lastEventId }) =>
                ok(plansManifest(stored.plans, lastEventId, now_ms())),
              )
            }),
        },
      },
    },
  ]
}
