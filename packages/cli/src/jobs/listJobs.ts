/**
 * Every job of the ledger, a page at a time.
 *
 * @module
 */
import { type Context, decodeCursor, encodeCursor } from "@waybill/command"
import { Ledger, type Store } from "@waybill/ledger"
import { jobStatus, Jobs } from "@waybill/workspace-job"
import { Effect } from "effect"
import { openStore, runOnFiles } from "../Opening.ts"
import { knownVocabularies } from "../Ledgers.ts"
import { refuseNowhere } from "../Nowhere.ts"
import type { Place } from "../Place.ts"
import { tellDamage } from "../keeping/damage.ts"
import { jobState } from "./JobDescription.ts"
import { jobSpecOf } from "./JobSpecHere.ts"

export interface ListedJob {
  readonly job_id: string
  readonly status: string
  readonly type: string
  readonly detail: string
}

const startOf = (cursor: string | undefined): number => {
  const value = cursor === undefined ? 0 : decodeCursor(cursor)
  return typeof value === "number" ? value : 0
}

/** The part of the jobs that was asked for. */
export const pageOf = (jobs: ReadonlyArray<ListedJob>, ctx: Pick<Context, "list" | "page">) => {
  const from = startOf(ctx.list.cursor)
  const next = from + (ctx.list.limit ?? jobs.length)
  ctx.page({ total: jobs.length, ...(next < jobs.length ? { next_cursor: encodeCursor(next) } : {}) })
  return { jobs: jobs.slice(from, next) }
}

type Opened<E, R> = Effect.Effect<Store, E, R>

/** Every job of a store, or those that stand so, the oldest first. Reads every record once, and no more. */
export const listed = <E, R>(
  open: Opened<E, R>,
  status: string | undefined,
  place: Place,
  ctx?: Pick<Context, "warn">,
) => {
  const now_ms = Date.now()
  const projections = { queue: jobSpecOf().projections.queue, runs: Jobs }
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    if (ctx !== undefined) yield* tellDamage(ledger, false, place, ctx)
    return yield* ledger.queryAll(projections, ({ queue, runs }) => {
      const ids = new Set([...queue.entries()].map(([id]) => id))
      for (const [id] of runs.entries()) ids.add(id)
      const jobs: Array<ListedJob> = []
      for (const id of ids) {
        const job = queue.get(id)
        const run = jobStatus(runs, id)
        const queued = job?.created_at === undefined ? undefined : job
        if (queued === undefined && run.status === "missing") continue
        const began_ms = queued?.created_at === undefined ? now_ms : Date.parse(queued.created_at)
        const { descriptor, error } = jobState(id, { queue: queued, run, began_ms }, place, now_ms)
        if (status !== undefined && descriptor.status !== status) continue
        const type =
          queued === undefined
            ? run.status === "missing"
              ? ""
              : run.request.terminalSchemaId
            : (queued.unknown_job_type ?? queued.job_type)
        const detail = error?.message ?? (run.status === "missing" ? (queued?.status ?? "") : run.status)
        jobs.push({ job_id: id, status: descriptor.status, type, detail })
      }
      return jobs
    })
  })
  return Effect.provide(program, Ledger.layer(open, knownVocabularies))
}

export const listJobs = async (status: string | undefined, place: Place, ctx: Context) => {
  refuseNowhere(place)
  return pageOf(await runOnFiles(listed(openStore(place, "read"), status, place, ctx), ctx.signal), ctx)
}
