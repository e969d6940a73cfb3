import { JobSpec } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { Jobs, jobStatus } from "@waybill/workspace-job"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { settleJob, statusOf } from "../src/index.ts"
import { counted, facts_per_run, settledRuns } from "./support/history.ts"
import { declare, withLedger } from "./support/world.ts"

const jobspec = JobSpec.make()

/** What each question costs, in facts read from the store, in a ledger with so many settled runs. */
const costsWith = async (runs: number) => {
  const { read, store } = counted(await Effect.runPromise(settledRuns(runs)))
  const costs: Record<string, number> = {}
  const cost = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const before = read.facts
      const answer = yield* effect
      costs[name] = read.facts - before
      return answer
    })
  await withLedger(Effect.succeed(store)).run(
    Effect.gen(function* () {
      const ledger = yield* Ledger
      // The first that is recorded learns what is there; who only asks need not know all of it.
      yield* settleJob(declare({ runId: "first", idempotencyKey: "first" }), { jobspec })
      costs["opening"] = read.facts
      const statuses = yield* cost(
        "listing",
        ledger.queryAll({ runs: Jobs, jobs: jobspec.projections.queue }, ({ runs }) =>
          Array.from(runs.entries(), ([runId]) => jobStatus(runs, runId).status),
        ),
      )
      expect(statuses).toEqual(Array(runs + 1).fill("verified"))
      yield* cost(
        "listing again",
        ledger.query(Jobs, (view) => [...view.entries()].length),
      )
      expect((yield* cost("status", statusOf("run-7"))).status).toBe("verified")
      const again = declare({ runId: "run-7", idempotencyKey: "run-7" })
      expect((yield* cost("asking again", settleJob(again, { jobspec }))).status).toBe("verified")
      const fresh = declare({ runId: "fresh", idempotencyKey: "fresh" })
      expect((yield* cost("settling", settleJob(fresh, { jobspec }))).status).toBe("verified")
      yield* cost("status of the fresh one", statusOf("fresh"))
    }),
  )
  return costs
}

it("[W-28] a question about one run costs that run's facts, not the ledger's; 10 000 runs are listed in one pass", async () => {
  const few = await costsWith(10)
  const many = await costsWith(10_000)
  const { listing: _, opening: __, ...aboutFew } = few
  const { listing, opening, ...aboutMany } = many
  // The same, with a thousand times the facts in the ledger.
  expect(aboutMany).toEqual(aboutFew)
  expect(aboutMany["listing again"]).toBe(0)
  expect(aboutMany["status"]).toBe(0)
  expect(aboutMany["asking again"]).toBe(0)
  // What is not at hand is looked up in the run's own stream.
  expect(aboutMany["settling"]).toBeLessThanOrEqual(7 * facts_per_run)
  expect(aboutMany["status of the fresh one"]).toBe(0)
  // Until the first is recorded the ledger is read twice, for the rules of recording and for what is folded; then never again.
  const past = 10_000 * facts_per_run
  expect(opening).toBeGreaterThanOrEqual(2 * past)
  expect(opening).toBeLessThanOrEqual(2 * past + 7 * facts_per_run)
  expect(listing).toBe(0)
}, 60_000)
