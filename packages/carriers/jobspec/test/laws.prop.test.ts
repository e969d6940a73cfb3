import { Checkpoint, Fold, type Projection, type RecordedEvent, type RecordedFact, refuseJobId } from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  asksForArtifact,
  encodeDocument,
  documentPieces,
  isHeld,
  isTerminal,
  isWork,
  JobSpec,
  jobProjection,
  leaseOf,
  queueJobState,
  queueSnapshot,
  type QueueCommand,
  refuseSnapshot,
  statusAt,
} from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"
import { command, commands, hostileHistory, job_ids, someTime } from "./support/histories.ts"

const runs = { numRuns: 2000 }

/** A queue after a plausible walk. */
const walked = (
  steps: ReadonlyArray<QueueCommand>,
  seen: (desk: Desk, step: QueueCommand) => void = () => {},
): Desk => {
  const desk = new Desk(jobspec)
  for (const step of steps) {
    desk.do(step)
    seen(desk, step)
  }
  return desk
}
const jobspec = JobSpec.make()
const deskOf = (events: ReadonlyArray<RecordedEvent>): Desk => {
  const desk = new Desk(jobspec)
  for (const event of events) desk.record(event)
  return desk
}
/** Both kinds of history, after which any law must hold. */
const anyDesk = fc.oneof(
  commands.map((steps) => () => walked(steps)),
  fc.tuple(hostileHistory, commands).map(([events, steps]) => () => {
    const desk = deskOf(events)
    for (const step of steps) desk.do(step)
    return desk
  }),
)
const terminal_types = new Set(["job.completed", "job.failed", "job.cancelled"])

describe("§10 for every queue that commands have made", () => {
  it("§10.5 the epochs of a job are 1, 2, 3 …, each with its own attempt", () =>
    fc.assert(
      fc.property(commands, (steps) => {
        const { events } = walked(steps)
        for (const id of job_ids) {
          const claims = events.filter(({ event_type, job_id }) => event_type === "job.claimed" && job_id === id)
          const counted = claims.map((_, i) => i + 1)
          expect(claims.map(({ payload }) => payload["lease_epoch"])).toEqual(counted)
          expect(claims.map(({ payload }) => payload["attempt"])).toEqual(counted)
        }
      }),
      runs,
    ))
  it("§10.8 one fact at most ends a job, and it is the last of its job", () =>
    fc.assert(
      fc.property(commands, (steps) => {
        const { events } = walked(steps)
        for (const id of job_ids) {
          const own = events
            .filter(({ job_id }) => job_id === id)
            .map(({ event_type }) => terminal_types.has(event_type))
          expect(own.indexOf(true)).toBe(own.includes(true) ? own.length - 1 : -1)
        }
      }),
      runs,
    ))
  it("§5.1 a job is accepted once, whatever is sent again, and a key leads to one job for ever", () =>
    fc.assert(
      fc.property(commands, (steps) => {
        const keys = new Map<string, string>()
        const { events, queue } = walked(steps, (desk, step) => {
          if (step.kind !== "submit" || step.idempotency_key === undefined || step.idempotency_key === "") return
          const holder = desk.queue.holder("job.accepted", step.idempotency_key)
          if (holder === undefined) return
          expect(keys.get(step.idempotency_key) ?? holder.job_id).toBe(holder.job_id)
          keys.set(step.idempotency_key, holder.job_id)
        })
        const accepted = events.filter(({ event_type }) => event_type === "job.accepted").map(({ job_id }) => job_id)
        expect(new Set(accepted).size).toBe(accepted.length)
        expect(queue.size).toBe(accepted.length)
      }),
      runs,
    ))
  it("§8 the fold takes every fact that the decider makes, without an anomaly", () =>
    fc.assert(
      fc.property(commands, (steps) => {
        const { queue } = walked(steps)
        expect([[...queue.anomalous()], queue.skipped]).toEqual([[], { unknown: 0, malformed: 0 }])
      }),
      runs,
    ))
  it("§12.3 the two views of a job agree on what both tell, but for the clock", () =>
    fc.assert(
      fc.property(commands, (steps) => {
        const desk = walked(steps)
        const { jobs, queue } = desk.views()
        expect(jobs.size).toBe(queue.size)
        for (const [id, job] of queue.entries()) {
          const entity = jobs.get(id)
          if (entity === undefined) throw new Error(`no projection of ${id}`)
          const { result_status: _, ...shown } = jobProjection(entity)
          expect(queueJobState(job, 0)).toMatchObject(shown)
        }
      }),
      runs,
    ))
})

describe("§10 §11 for every history, also such as nobody should have written", () => {
  it("§10.8 an end is an end: neither events nor commands change it, and the fold keeps the very same job", () =>
    fc.assert(
      fc.property(anyDesk, hostileHistory, commands, (make, events, steps) => {
        const desk = make()
        const ended = [...desk.queue.entries()].filter(([, job]) => isTerminal(job.status))
        for (const { event_type, job_id, payload } of events) desk.add(event_type, job_id, payload)
        for (const step of steps) desk.do(step)
        for (const [id, job] of ended) expect(desk.queue.get(id)).toBe(job)
        const { jobs } = desk.views()
        for (const [id, { status }] of ended) expect(jobs.get(id)?.status).toBe(status)
      }),
      runs,
    ))
  it("§10.3 claim-next takes what a look at every job would find, by type and by need, and fails what is used up before it", () =>
    fc.assert(
      fc.property(anyDesk, command, (make, next) => {
        const desk = make()
        if (next.kind !== "claim_next") return
        const { hasDataPlane, job_types, now_ms } = next
        const waiting = [...desk.queue.entries()]
          .map(([, job]) => job)
          .filter(
            (job) =>
              isWork(job) &&
              !isHeld(job, now_ms) &&
              (hasDataPlane === true || !asksForArtifact(job.payload)) &&
              (job_types === undefined || job_types.includes(job.job_type)),
          )
        const first = waiting.findIndex(({ attempt, max_attempts }) => attempt < max_attempts)
        const failing = first === -1 ? waiting : waiting.slice(0, first)
        const facts = desk.must(next)
        expect(facts.map(({ event_type, job_id }) => [event_type, job_id])).toEqual([
          ...failing.map(({ job_id }) => ["job.failed", job_id]),
          ...waiting.slice(first, first === -1 ? 0 : first + 1).map(({ job_id }) => ["job.claimed", job_id]),
        ])
      }),
      { numRuns: 4000 },
    ))
  it("§10.7 only the live hold is heard: any other leaves the job as it is", () =>
    fc.assert(
      fc.property(anyDesk, command, (make, step) => {
        const desk = make()
        if (step.kind !== "heartbeat" && step.kind !== "complete" && step.kind !== "fail") return
        const before = desk.queue.get(step.job_id)
        const done = desk.do(step)
        if (done instanceof Error || done.length === 0) {
          expect(desk.queue.get(step.job_id)).toBe(before)
          return
        }
        expect(before).toMatchObject({
          status: "running",
          claim_token: step.hold.token_sha256,
          lease_epoch: step.hold.lease_epoch,
        })
        expect(step.hold.lease_epoch).toBeGreaterThan(0)
        expect(isHeld(before ?? desk.job(step.job_id), step.now_ms)).toBe(true)
      }),
      { numRuns: 4000 },
    ))
  it("§10.2 §10.6 what is shown as waiting can be claimed, or has used up its attempts; what is shown as running cannot", () =>
    fc.assert(
      fc.property(anyDesk, someTime, (make, now_ms) => {
        const desk = make()
        for (const [job_id, job] of desk.queue.entries()) {
          if (job.created_at === undefined) continue
          const decided = desk.decide({ kind: "claim", job_id, token_sha256: digest("t"), now_ms })
          const status = statusAt(job, now_ms)
          const isWaiting = status === "queued" || status === "retry_waiting"
          expect(Result.isSuccess(decided)).toBe(isWaiting && isWork(job))
          const shown = queueJobState(job, now_ms)
          expect(shown.status).toBe(status)
          if (shown.retry_exhausted === true) expect(isWaiting && job.attempt >= job.max_attempts).toBe(true)
        }
      }),
      runs,
    ))
  it("§18.6 nothing is written that no ledger should hold: good ids, the bounds of the contract", () =>
    fc.assert(
      fc.property(anyDesk, commands, (make, steps) => {
        const desk = make()
        const from = desk.events.length
        for (const step of steps) desk.do(step)
        for (const { job_id, request_id } of desk.events.slice(from)) {
          expect(refuseJobId(job_id)).toBeUndefined()
          expect(request_id).toMatch(/^[^ \t\r\n]+$/u)
        }
      }),
      runs,
    ))
  it("§9 ids that are made are new", () =>
    fc.assert(
      fc.property(anyDesk, (make) => {
        const desk = make()
        const before = new Set([...desk.queue.entries()].map(([id]) => id))
        const [one] = desk.must({ kind: "submit", job_type: "rpi.run" })
        const [two] = desk.must({ kind: "submit", job_type: "rpi.run" })
        expect(before.has(one?.job_id ?? "")).toBe(false)
        expect(one?.job_id).not.toBe(two?.job_id)
      }),
      runs,
    ))
})

describe("§12 §13 the documents of every history", () => {
  const reading = { now_ms: start_ms + 90_000, replay: { corrupt_record_count: 0 } }
  it("§1.3 are JSON, in one piece or in many, and say the same as the values they are made of", () =>
    fc.assert(
      fc.property(anyDesk, (make) => {
        const views = make().views()
        const status = jobspec.status(views, reading)
        const text = encodeDocument(status)
        expect([...documentPieces(status)].join("")).toBe(text)
        expect(text.endsWith("}\n")).toBe(true)
        // Only our own encoder keeps the sign of zero.
        const unsigned = (_: string, value: unknown) => (value === 0 ? 0 : value)
        expect(JSON.parse(text, unsigned)).toEqual(JSON.parse(JSON.stringify(status)))
        expect(text).not.toMatch(/[<>&\u2028\u2029]/u)
      }),
      runs,
    ))
  it("§13 a consumer takes every snapshot, and finds every job in it", () =>
    fc.assert(
      fc.property(anyDesk, (make) => {
        const views = make().views()
        const snapshot: unknown = JSON.parse(encodeDocument(jobspec.consumerSnapshot(views, reading)))
        expect(refuseSnapshot(snapshot)).toBeUndefined()
        const { jobs, runs: list, wiki } = jobspec.resources(views)
        expect(jobs.length).toBe(views.jobs.size)
        expect(list.length + wiki.length).toBeLessThanOrEqual(jobs.length)
      }),
      runs,
    ))
  it("§3.3 the queue shows the jobs whose facts name a type, registered or not, in the order of their first events", () =>
    fc.assert(
      fc.property(anyDesk, (make) => {
        const { queue } = make()
        const shown = [...queueSnapshot(queue, start_ms).jobs].map(({ job_id }) => job_id)
        const firsts = shown.map((id) => queue.get(id)?.first_position ?? 0)
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
        expect(shown).toEqual(
          [...queue.entries()]
            .filter(([, job]) => job.job_type !== "" || job.unknown_job_type !== undefined)
            .map(([id]) => id),
        )
      }),
      runs,
    ))
})

const foldLaws = <E, F extends RecordedFact<string, unknown>>(projection: Projection.Projection<E, F>) => {
  it("stopping, saving as text and going on is the same as never stopping", () =>
    fc.assert(
      fc.property(hostileHistory, fc.nat(20), (events, at) => {
        const saved = JSON.stringify(Checkpoint.take(new Fold(projection).applyAll(events.slice(0, at))))
        const resumed = Result.getOrThrow(Checkpoint.resume(projection, JSON.parse(saved) as Checkpoint.Checkpoint))
        const straight = new Fold(projection).applyAll(events)
        expect(JSON.stringify(resumed.applyAll(events.slice(at)).save())).toBe(JSON.stringify(straight.save()))
      }),
      runs,
    ))
  it("no event makes it throw", () =>
    fc.assert(
      fc.property(hostileHistory, (events) => {
        const fold = new Fold(projection).applyAll(events)
        for (const [, anomalies] of fold.anomalous()) for (const { code } of anomalies) expect(code).not.toBe("threw")
      }),
      runs,
    ))
}

describe("§11 laws of the queue's fold", () => foldLaws(jobspec.projections.queue))
describe("§12.3 laws of the jobs' fold", () => foldLaws(jobspec.projections.jobs))
describe("§12.5 laws of the projections' states", () => foldLaws(jobspec.projections.states))
describe("§3.6 laws of the schedules", () => foldLaws(jobspec.projections.schedules))

it("§10.5 the lease of a claim is told from its facts", () =>
  fc.assert(
    fc.property(commands, (steps) => {
      walked(steps, (desk, step) => {
        if (step.kind !== "claim" && step.kind !== "claim_next") return
        const before = desk.events.length
        const done = desk.do(step)
        if (done instanceof Error) return
        const lease = leaseOf(desk.events.slice(before))
        expect(lease?.job_id).toBe(done.find(({ event_type }) => event_type === "job.claimed")?.job_id)
        if (lease !== undefined)
          expect(desk.job(lease.job_id)).toMatchObject({ ...lease, claim_token: step.token_sha256 })
      })
    }),
    runs,
  ))
