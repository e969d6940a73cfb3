/**
 * Every route there is.
 *
 * @module
 */
import { Effect } from "effect"
import type { App } from "../App.ts"
import type { Route } from "../Route.ts"
import { openApiDocument } from "../openapi/document.ts"
import { docsPage } from "../openapi/page.ts"
import { version } from "../version.ts"
import { cancellingRoutes } from "./cancelling.ts"
import { claimingRoutes } from "./claiming.ts"
import { consumerRoutes } from "./consumer.ts"
import { eventRoutes } from "./events.ts"
import { holdingRoutes } from "./holding.ts"
import { jobRoutes } from "./jobs.ts"
import { operationRoutes } from "./operations.ts"
import { readingRoutes } from "./reading.ts"
import { scheduleRoutes } from "./schedules.ts"
import { submittingRoutes } from "./submitting.ts"

/** The table, which also describes itself. */
export const makeRoutes = (app: App): Effect.Effect<ReadonlyArray<Route>> =>
  Effect.map(eventRoutes(app), (events) => {
    const routes: ReadonlyArray<Route> = [
      ...readingRoutes(app),
      ...events,
      ...submittingRoutes(app),
      ...cancellingRoutes(app),
      ...scheduleRoutes(app),
      ...consumerRoutes(app),
      ...claimingRoutes(app),
      ...holdingRoutes(app),
      ...jobRoutes(app),
      ...operationRoutes(app, () => documents),
    ]
    const documents = {
      openapi: `${JSON.stringify(openApiDocument(routes, version))}\n`,
      page: docsPage(routes, version),
    }
    return routes
  })
