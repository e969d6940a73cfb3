/** The queue on a running ledger: what the pure parts promise, kept under concurrency and over a restart. */
import { Ledger, type LedgerShape } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { JobSpec, leaseOf, type Submit, submittedJob, vocabularies } from "../src/index.ts"
import { digest, start_ms } from "./support/desk.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect))
const jobspec = JobSpec.make()
const fresh = Effect.flatMap(makeMemoryStore(), (store) => Ledger.make(store, vocabularies))
const http = { actor: "ao-http:legacy" }
const worker = { actor: "agentopsd-worker" }

const submit = (ledger: LedgerShape, command: Omit<Submit, "kind">) =>
  Effect.gen(function* () {
    const whole: Submit = { kind: "submit", ...command }
    const facts = yield* ledger.transact(jobspec.queue, whole, http)
    return yield* ledger.query(jobspec.projections.queue, (queue) => submittedJob(queue, whole, facts)?.job_id)
  })
const claimNext = (ledger: LedgerShape, token: string, now_ms = start_ms) =>
  Effect.map(
    ledger.transact(jobspec.queue, { kind: "claim_next", token_sha256: digest(token), now_ms }, worker),
    leaseOf,
  )

describe("§18.2 nothing is lost, merged or doubled", () => {
  it("§18.2 two hundred submissions at once, without ids, are two hundred jobs", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const ids = yield* Effect.forEach(Array(200).keys(), () => submit(ledger, { job_type: "rpi.run" }), {
          concurrency: "unbounded",
        })
        expect(new Set(ids).size).toBe(200)
        expect(yield* ledger.query(jobspec.projections.queue, (queue) => queue.size)).toBe(200)
      }),
    ))
  it("§5.1 one key sent two hundred times at once is one job, and everybody is told of it", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        const asked = { job_type: "rpi.run", idempotency_key: "k" }
        const ids = yield* Effect.forEach(Array(200).keys(), () => submit(ledger, asked), { concurrency: "unbounded" })
        expect(new Set(ids).size).toBe(1)
        expect(yield* ledger.query(jobspec.projections.queue, (queue) => queue.events)).toBe(1)
      }),
    ))
  it("§18.2 sixty-four claimers of a thousand jobs hold each one once", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* Effect.forEach(Array(1000).keys(), (i) => submit(ledger, { job_type: "rpi.run", job_id: `j${i}` }), {
          concurrency: "unbounded",
        })
        const held: Array<string> = []
        const claimer = (name: number): Effect.Effect<void, unknown> =>
          Effect.gen(function* () {
            for (;;) {
              const lease = yield* claimNext(ledger, `token ${name}`)
              if (lease === undefined) return
              expect(lease).toMatchObject({ lease_epoch: 1, attempt: 1 })
              held.push(lease.job_id)
            }
          })
        yield* Effect.forEach(Array(64).keys(), claimer, { concurrency: "unbounded" })
        expect(held).toHaveLength(1000)
        expect(new Set(held).size).toBe(1000)
      }),
    ))
})

describe("on a ledger", () => {
  it("§8 every fact is recorded under its own job's request, also those of one claim that fails others on its way", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        for (const name of ["a", "b"])
          yield* submit(ledger, { job_type: "rpi.run", job_id: name, request_id: `r${name}`, max_attempts: 1 })
        yield* claimNext(ledger, "t1")
        const facts = yield* ledger.transact(
          jobspec.queue,
          { kind: "claim_next", token_sha256: digest("t2"), now_ms: start_ms + 60_000 },
          worker,
        )
        expect(facts.map(({ event_type, request_id }) => [event_type, request_id])).toEqual([
          ["job.failed", "ra"],
          ["job.claimed", "rb"],
        ])
        const refused = yield* Effect.flip(ledger.transact(jobspec.queue, { kind: "cancel", job_id: "nobody" }, http))
        expect(refused.message).toBe("daemon queue: job not found")
      }),
    ))
  it("§3.3 all views of a document stand at one position", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* fresh
        yield* submit(ledger, { job_type: "rpi.run", job_id: "a" })
        const reading = { now_ms: start_ms, replay: { corrupt_record_count: 0 } }
        const status = yield* ledger.queryAll(jobspec.projections, (views) => {
          expect(new Set(Object.values(views).map(({ position }) => position))).toEqual(new Set([1]))
          return jobspec.status(views, reading)
        })
        yield* submit(ledger, { job_type: "rpi.run", job_id: "b" })
        // A document keeps what it was made from.
        expect([...status.queue.jobs].map(({ job_id }) => job_id)).toEqual(["a"])
      }),
    ))
  it("§18.1 a restart goes on from a checkpoint, and a claim after it finds the first that waits", () =>
    run(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const one = yield* Ledger.make(store, vocabularies)
        for (const name of ["a", "b", "c"]) yield* submit(one, { job_type: "rpi.run", job_id: name })
        yield* claimNext(one, "t")
        yield* one.saveCheckpoint(jobspec.projections.queue)
        let read = 0
        const counting = {
          ...store,
          commit: (body: Parameters<typeof store.commit>[0]) =>
            store.commit((session) =>
              body({
                ...session,
                readAfter: (position, limit) =>
                  Effect.tap(session.readAfter(position, limit), ({ events }) =>
                    Effect.sync(() => (read += events.length)),
                  ),
              }),
            ) as never,
        }
        const two = yield* Ledger.make(counting, vocabularies)
        expect((yield* claimNext(two, "t"))?.job_id).toBe("b")
        expect(read).toBeLessThan(3)
        expect(yield* submit(two, { job_type: "rpi.run", job_id: "a" })).toBe("a")
      }),
    ))
})
