/** What a worker promises, whatever its queue is: one suite for every implementation of the port. */
import fc from "fast-check"
import { StoreUnavailable } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Clock, Effect, Fiber, Logger } from "effect"
import { describe, expect, it } from "vitest"
import {
  type Executor,
  runWorker,
  type WorkerEvent,
  WorkFailed,
  WorkQueue,
  type WorkQueueShape,
} from "../../src/index.ts"
import { cancel, type Desk, factsOf, heldUp, jobNow, leaseLeft_ms, listener, submit } from "./workplace.ts"

const quick: Executor = { execute: ({ job_id }) => Effect.succeed({ artifacts: { made: job_id } }) }

export const workerSuite = ({ advance, atWork, name }: Desk): void => {
  describe(`a worker on ${name}`, () => {
    it("every job is worked on once, whatever the number of slots and of workers", () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 12 }),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 3 }),
          async (jobs, slots, workers) => {
            const done = await atWork(
              Effect.gen(function* () {
                const { events, observe, until } = listener()
                const early = Math.floor(jobs / 2)
                for (let i = 0; i < early; i++) yield* submit(`j${i}`)
                for (let i = 0; i < workers; i++)
                  yield* Effect.forkScoped(runWorker({ executors: { "test.work": quick }, slots, observe }))
                for (let i = early; i < jobs; i++) yield* submit(`j${i}`)
                for (let i = 0; i < jobs; i++) yield* until("completed", `j${i}`)
                return events.flatMap((event) => (event.kind === "claimed" ? [event.job.job_id] : []))
              }),
            )
            expect(done.toSorted()).toEqual(Array.from({ length: jobs }, (_, i) => `j${i}`).toSorted())
          },
        ),
        { numRuns: 30 },
      ))

    it("as many jobs are at work at once as there are slots, and no more", () =>
      atWork(
        Effect.gen(function* () {
          const { observe, kinds, until } = listener()
          const { executor, letEnd } = yield* heldUp()
          for (const id of ["a", "b", "c"]) yield* submit(id)
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, slots: 2, observe }))
          yield* until("claimed", "b")
          expect((yield* jobNow("c"))?.status).toBe("queued")
          yield* letEnd
          yield* until("completed", "c")
          expect(kinds().filter((kind) => kind === "completed")).toHaveLength(3)
        }),
      ))

    it("work goes on under heartbeats for longer than a lease, and its report is the job's", () =>
      atWork(
        Effect.gen(function* () {
          const { observe, until } = listener()
          const { executor, letEnd } = yield* heldUp()
          yield* submit("a")
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
          yield* until("claimed")
          for (let i = 0; i < 20; i++) {
            yield* advance("15 seconds")
            const left_ms = leaseLeft_ms(yield* jobNow("a"), yield* Clock.currentTimeMillis)
            expect(left_ms).toBeGreaterThanOrEqual(45_000)
          }
          yield* letEnd
          yield* until("completed")
          const { artifacts, attempt, status } = (yield* jobNow("a")) ?? {}
          expect({ artifacts, attempt, status }).toEqual({ artifacts: { made: "a" }, attempt: 1, status: "completed" })
        }),
      ))

    it("a cancellation ends running work within one heartbeat, and the worker takes the next job", () =>
      atWork(
        Effect.gen(function* () {
          const { events, observe, until } = listener()
          const { executor, interrupted, letEnd } = yield* heldUp()
          yield* submit("a")
          yield* submit("b")
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
          yield* until("claimed", "a")
          yield* cancel("a")
          yield* advance("15 seconds")
          yield* until("claimed", "b")
          expect(interrupted).toEqual(["a"])
          expect(events).toContainEqual(expect.objectContaining({ kind: "lost", reason: "ended" }))
          yield* letEnd
          yield* until("completed", "b")
          expect(yield* factsOf("a")).toEqual(["job.accepted", "job.claimed", "job.cancelled"])
        }),
      ))

    it("what an executor throws or fails with ends its job and not the worker", () =>
      atWork(
        Effect.gen(function* () {
          const { observe, until } = listener()
          const bad: Executor = {
            execute: ({ job_id }) => {
              if (job_id === "throws") throw new Error("at once")
              if (job_id === "dies") return Effect.die(new Error("later"))
              if (job_id === "interrupts") return Effect.interrupt
              return Effect.fail(new WorkFailed({ failure: { code: "lost", message: "no", retryable: true } }))
            },
          }
          const ids = ["throws", "dies", "interrupts", "fails"]
          for (const id of ids) yield* submit(id)
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": bad }, observe }))
          yield* until("failed", "fails")
          const failures = yield* Effect.forEach(ids, (id) => Effect.map(jobNow(id), (job) => job?.failure))
          expect(failures).toEqual([
            { code: "request_rejected", message: "executor panicked: at once", retryable: false },
            { code: "request_rejected", message: "executor panicked: later", retryable: false },
            { code: "request_rejected", message: "executor panicked: it interrupted itself", retryable: false },
            { code: "lost", message: "no", retryable: true },
          ])
        }),
      ))

    it("a report that cannot be recorded fails the job and says why", () =>
      atWork(
        Effect.gen(function* () {
          const { observe, until } = listener()
          const wrong: Executor = { execute: () => Effect.fail(new WorkFailed({ failure: { code: "no such code" } })) }
          yield* submit("a")
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": wrong }, observe }))
          yield* until("failed")
          expect((yield* jobNow("a"))?.failure).toMatchObject({
            code: "request_rejected",
            message: expect.stringContaining("no such code"),
          })
        }),
      ))

    it("asked to end, a worker lets running work end, claims nothing more, and then is gone", () =>
      atWork(
        Effect.gen(function* () {
          const { kinds, observe, until } = listener()
          const { executor, letEnd } = yield* heldUp()
          yield* submit("a")
          yield* submit("b")
          const worker = yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
          yield* until("claimed", "a")
          const ending = yield* Effect.forkScoped(Fiber.interrupt(worker))
          yield* until("draining", "a")
          yield* advance("9 seconds")
          yield* letEnd
          yield* Fiber.join(ending)
          expect(kinds()).toEqual(["claimed", "draining", "completed"])
          expect((yield* jobNow("b"))?.status).toBe("queued")
        }),
      ))

    it("work that outlasts the drain is interrupted and handed back, and the next worker need not wait for the lease", () =>
      atWork(
        Effect.gen(function* () {
          const { kinds, observe, until } = listener()
          const { executor, interrupted } = yield* heldUp()
          yield* submit("a")
          const worker = yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
          yield* until("claimed", "a")
          const ending = yield* Effect.forkScoped(Fiber.interrupt(worker))
          yield* until("draining", "a")
          yield* advance("10 seconds")
          yield* Fiber.join(ending)
          expect(kinds()).toEqual(["claimed", "draining", "released"])
          expect(interrupted).toEqual(["a"])
          const next = listener()
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": quick }, observe: next.observe }))
          yield* next.until("completed", "a")
          expect((yield* jobNow("a"))?.attempt).toBe(2)
        }),
      ))

    it("a store that fails gives up the work when the lease must have run out, and never ends the worker", () => {
      let isDown = false
      const down = new StoreUnavailable({ where: "memory", cause: new Error("down") })
      const store = Effect.map(makeMemoryStore(), (memory) => ({
        ...memory,
        commit: ((body) => (isDown ? Effect.fail(down) : memory.commit(body))) as typeof memory.commit,
      }))
      return atWork(
        Effect.gen(function* () {
          const { observe, kinds, until } = listener()
          const { executor, interrupted, letEnd } = yield* heldUp()
          yield* submit("a")
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
          yield* until("claimed", "a")
          isDown = true
          yield* advance("59 seconds")
          expect(interrupted).toEqual([])
          yield* advance("1 seconds")
          yield* until("lost", "a")
          expect(interrupted).toEqual(["a"])
          expect(kinds().filter((kind) => kind === "unavailable").length).toBeLessThan(30)
          isDown = false
          yield* advance("10 seconds")
          yield* until("claimed", "a")
          yield* letEnd
          yield* until("completed", "a")
          expect((yield* jobNow("a"))?.attempt).toBe(2)
        }),
        store,
      )
    })

    it("an idle worker asks nothing again until there is something to claim, and then one slot asks and not all", () =>
      atWork(
        Effect.gen(function* () {
          let claims = 0
          const queue = yield* WorkQueue
          const counting: WorkQueueShape = {
            ...queue,
            claimNext: (abilities, lease_ms) => Effect.suspend(() => (claims++, queue.claimNext(abilities, lease_ms))),
          }
          const { observe, until } = listener()
          yield* Effect.forkScoped(
            Effect.provideService(
              runWorker({ executors: { "test.work": quick }, slots: 8, observe }),
              WorkQueue,
              counting,
            ),
          )
          yield* advance("1 hour")
          expect(claims).toBe(0)
          yield* submit("a")
          yield* until("completed", "a")
          yield* advance("1 hour")
          expect(claims).toBe(1)
        }),
      ))

    it("a certain job is claimed by its id, under a lease of its own, and refused for a reason that says why", () =>
      atWork(
        Effect.gen(function* () {
          const queue = yield* WorkQueue
          const refused = (job_id: string) =>
            Effect.map(Effect.flip(queue.claim(job_id, 1000)), (error) => error.message)
          yield* submit("a")
          yield* submit("b", { max_attempts: 1 })
          expect(yield* refused("nobody's")).toBe('the job "nobody\'s" cannot be claimed: nobody asked for it')
          const held = yield* queue.claim("b", 1000)
          expect(held.job).toMatchObject({ job_id: "b", lease_epoch: 1, attempt: 1 })
          expect(leaseLeft_ms(yield* jobNow("b"), yield* Clock.currentTimeMillis)).toBe(1000)
          expect((yield* jobNow("a"))?.status).toBe("queued")
          expect(yield* refused("b")).toBe('the job "b" cannot be claimed: somebody has it')
          yield* held.release
          // Its one attempt is used up: the claim ends it.
          expect(yield* refused("b")).toBe('the job "b" cannot be claimed: it has ended')
          expect(yield* factsOf("b")).toEqual(["job.accepted", "job.claimed", "job.lease_expired", "job.failed"])
          yield* (yield* queue.claim("a", 1000)).complete({ artifacts: { made: "a" } })
          expect((yield* jobNow("a"))?.artifacts).toEqual({ made: "a" })
          expect(yield* refused("a")).toBe('the job "a" cannot be claimed: it has ended')
        }),
      ))

    it("an observer that throws, or whose promise rejects, is said once in the log, and the worker goes on", () => {
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => void logged.push(String(message)))
      return atWork(
        Effect.gen(function* () {
          const { observe, until } = listener()
          let n = 0
          const failing = (event: WorkerEvent): unknown => {
            observe(event)
            if (n++ % 2 === 0) throw new Error("no room on the display")
            return Promise.reject(new Error("no connection to the display"))
          }
          for (const id of ["a", "b"]) yield* submit(id)
          yield* Effect.forkScoped(runWorker({ executors: { "test.work": quick }, observe: failing }))
          yield* until("completed", "b")
          expect((yield* jobNow("a"))?.status).toBe("completed")
          expect(logged).toEqual([expect.stringContaining("the observer of a worker failed at claimed")])
        }).pipe(Effect.provide(Logger.layer([logger]))),
      )
    })

    it("options that cannot work are refused before anything is claimed", () =>
      atWork(
        Effect.gen(function* () {
          const reasons = yield* Effect.forEach(
            [
              { slots: 0 },
              { slots: 1.5 },
              { lease_ms: 0 },
              { heartbeat_ms: 60_000 },
              { drain_ms: -1 },
              { lease_ms: 2 ** 31 },
            ],
            (options) => Effect.flip(runWorker({ executors: {}, ...options })),
          )
          expect(reasons.map(({ _tag }) => _tag)).toEqual(reasons.map(() => "InvalidDeclaration"))
          expect(reasons[3]?.message).toBe("worker heartbeat_ms is 60000, not less than the lease of 60000 ms")
        }),
      ))
  })
}
