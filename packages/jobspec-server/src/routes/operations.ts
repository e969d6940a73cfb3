/**
 * For operators and for those who write clients: metrics, and the surface described.
 *
 * @module
 */
import { openJobs } from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import type { Route } from "../Route.ts"

const metrics = ({ feed, jobspec, ledger, metrics: counted, outflow, replay }: App) =>
  Effect.gen(function* () {
    const { corrupt_record_count, damage = [] } = yield* replay(0)
    const { events, open, position, size } = yield* ledger.query(jobspec.projections.queue, (view) => ({
      events: view.events,
      position: view.position,
      open: openJobs(view),
      size: view.size,
    }))
    return counted.text([
      { name: "waybill_ledger_position", help: "The position of the last record.", value: position },
      { name: "waybill_ledger_events", help: "Events that could be read.", value: events },
      {
        name: "waybill_ledger_corrupt_records",
        help: "Damaged records that nobody has acknowledged.",
        value: corrupt_record_count,
      },
      { name: "waybill_ledger_damage", help: "Other damage that nobody has acknowledged.", value: damage.length },
      { name: "waybill_jobs", help: "Jobs that the ledger has heard of.", value: size },
      { name: "waybill_jobs_open", help: "Jobs that wait or are held.", value: open },
      { name: "waybill_followers", help: "Requests that wait for events or jobs.", value: feed.followers() },
      {
        name: "waybill_unread_bytes",
        help: "Bytes of answers that their readers have not taken.",
        value: outflow.bytes,
      },
      { name: "process_resident_memory_bytes", help: "Resident memory.", value: process.memoryUsage.rss() },
    ])
  })

/** `documents` are made once the whole table is known. */
export const operationRoutes = (
  app: App,
  documents: () => { readonly openapi: string; readonly page: string },
): ReadonlyArray<Route> => [
  {
    path: "/waybill/v1/metrics",
    operations: {
      GET: {
        id: "metrics",
        summary: "Counters and gauges in Prometheus' text format.",
        answers: { 200: { description: "The metrics.", type: "text/plain" } },
        handle: () =>
          Effect.map(metrics(app), (text) => ({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8", text })),
      },
    },
  },
  {
    path: "/openapi.json",
    operations: {
      GET: {
        id: "openapi",
        summary: "This surface as an OpenAPI 3.1 document.",
        answers: { 200: { description: "The document.", type: "application/json" } },
        handle: () => Effect.sync(() => ({ status: 200, type: "application/json", text: documents().openapi })),
      },
    },
  },
  {
    path: "/docs",
    operations: {
      GET: {
        id: "docs",
        summary: "This surface as a page to read.",
        answers: { 200: { description: "The page.", type: "text/html" } },
        handle: () => Effect.sync(() => ({ status: 200, type: "text/html; charset=utf-8", text: documents().page })),
      },
    },
  },
]
