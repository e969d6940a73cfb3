import { JobSpec, scheduleFacts, vocabularies } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { lastTick_ms, refuseCron } from "../src/index.ts"
import { noLog } from "../src/Log.ts"
import { makeScheduler, submissionId } from "../src/Scheduler.ts"
import { startServer } from "./support/server.ts"

const at = (text: string) => Date.parse(text)
const scheduler = { actor: "agentopsd-scheduler" }

describe("§15.4 the scheduler", () => {
  it("the latest tick that is due is found, in the schedule's own time zone", () => {
    const day = at("2026-04-28T12:00:00Z")
    expect(lastTick_ms("0 12 * * *", day - 1, day)).toBe(day)
    expect(lastTick_ms("0 12 * * *", day, day + 86_399_999)).toBeUndefined()
    expect(lastTick_ms("0 12 * * *", day, day + 86_400_000 * 3 + 5)).toBe(day + 86_400_000 * 3)
    expect(lastTick_ms("CRON_TZ=Europe/Berlin 0 14 * * *", day - 1, day)).toBe(day)
    expect(lastTick_ms("@hourly", day - 1, day + 5)).toBe(day)
    expect(lastTick_ms("@every 10s", day, day + 25_000)).toBe(day + 20_000)
    expect(lastTick_ms("nonsense", 0, day)).toBeUndefined()
    expect(refuseCron("@every 90m")).toBeUndefined()
  })
  it("§15.4 a due tick is fired and submitted once, however often and by however many it is looked at; missed ones are not made up for", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* Ledger.make(yield* makeMemoryStore(), vocabularies)
          const jobspec = JobSpec.make({ refuseCron })
          const template = { name: "n", cron: "@every 10s", job_type: "rpi.run", payload: { goal: "x" }, timeout: 5 }
          const created = scheduleFacts.created.makeOrThrow("schedule", {
            name: "n",
            template: { ...template, backpressure: { skip_if_running: true, max_queue_depth: 0 } },
          })
          yield* ledger.append([created], { ...scheduler, requestId: "schedule-n" })
          // The fact bears the real time, so the test's begins after it.
          const start = Math.ceil(Date.now() / 10_000) * 10_000 + 10_000
          const ticks = [makeScheduler({ ledger, jobspec, log: noLog }), makeScheduler({ ledger, jobspec, log: noLog })]
          const look = (now_ms: number) =>
            Effect.forEach(ticks, (tick) => tick(now_ms), { concurrency: 2, discard: true })
          const recorded = Effect.map(Stream.runCollect(ledger.read({ after: 1 })), (events) =>
            events.map(({ event_type, job_id, payload }) => ({ event_type, job_id, payload })),
          )
          yield* look(start + 35_000)
          yield* look(start + 36_000)
          const id = submissionId("n", start + 30_000)
          const fired = yield* recorded
          expect(fired.map(({ event_type }) => event_type).toSorted()).toEqual(["job.accepted", "schedule.fired"])
          const [job] = fired.filter(({ event_type }) => event_type === "job.accepted")
          expect(job?.payload).toMatchObject({
            idempotency_key: id,
            job_payload: { goal: "x", schedule_name: "n", submission_id: id, timeout: 5 },
          })
          expect(fired.find(({ event_type }) => event_type === "schedule.fired")).toMatchObject({
            job_id: id,
            payload: { name: "n", submission_id: id },
          })
          yield* ticks[0]?.(start + 40_000) ?? Effect.void
          expect((yield* recorded).at(-1)).toMatchObject({
            event_type: "schedule.skipped",
            job_id: "schedule",
            payload: { name: "n", reason: "skip_if_running:in-flight" },
          })
          const cancel = { kind: "cancel", job_id: job?.job_id ?? "" } as const
          yield* ledger.transact(jobspec.queue, cancel, { actor: "t" })
          yield* look(start + 50_000)
          expect((yield* recorded).filter(({ event_type }) => event_type === "job.accepted")).toHaveLength(2)
          yield* ledger.transact(jobspec.scheduling, { kind: "delete", name: "n", now_ms: start }, scheduler)
          const before = (yield* recorded).length
          yield* look(start + 100_000)
          expect(yield* recorded).toHaveLength(before)
        }),
      ),
    ))
  it("a schedule that another writer made and that can never fire says why, once in the log and whenever it is listed", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const foreign = (name: string, cron: string, job_type = "rpi.run") =>
            scheduleFacts.created.makeOrThrow("schedule", { name, template: { name, cron, job_type } })
          const facts = [
            foreign("good", "@every 1h30m"),
            foreign("bad", "61 * * * *"),
            foreign("odd", "@daily", "no.such"),
          ]
          const server = yield* startServer()
          yield* server.ledger.append(facts, { ...scheduler, requestId: "schedule-x" })
          const { schedules } = (yield* Effect.promise(() => server.get("/v1/schedules"))).json()
          expect(
            (schedules as ReadonlyArray<Record<string, unknown>>).map(({ name, invalid }) => [name, invalid]),
          ).toEqual([
            ["good", undefined],
            ["bad", 'invalid cron "61 * * * *": minute: "61" is not within 0 to 59'],
            ["odd", 'invalid payload: invalid job type "no.such"'],
          ])
          const said: Array<unknown> = []
          const tick = makeScheduler({
            ledger: server.ledger,
            jobspec: JobSpec.make({ refuseCron }),
            log: (level, message, fields) => void said.push([level, message, fields?.["schedule"]]),
          })
          for (const later_ms of [0, 1, 2]) yield* tick(Date.now() + 86_400_000 * later_ms)
          expect(said).toEqual([
            ["warn", "a schedule never fires; delete it and make it anew", "bad"],
            ["warn", "a schedule never fires; delete it and make it anew", "odd"],
          ])
        }),
      ),
    ))
})
