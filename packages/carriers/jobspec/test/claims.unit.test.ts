import { formatTime } from "@waybill/ledger"
import { describe, expect, it } from "vitest"
import {
  AlreadyClaimed,
  claimableFrom_ms,
  exhausted_per_claim_max,
  heldBy,
  JobNotFound,
  lease_ms_default,
  LeaseMismatch,
  leaseOf,
  leaseOn,
  NoClaimableJobs,
  openJobs,
  queueJobState,
  statusAt,
  TokenInUse,
} from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"
import { at, next, queueOf, submit, take } from "./support/queues.ts"

describe("a claim whose answer was lost", () => {
  const token = { token_sha256: digest("t"), once: true }
  it("is asked for again with its token, is answered with its job, and records nothing", () => {
    const desk = queueOf("j1", "j2")
    for (const kind of ["claim_next", "claim"] as const) {
      const facts = desk.must({ kind, job_id: "j1", ...token, now_ms: at(kind === "claim" ? 30 : 0) })
      expect(facts.map(({ job_id }) => job_id)).toEqual(kind === "claim" ? [] : ["j1"])
    }
    expect(desk.must({ kind: "claim_next", ...token, now_ms: at(59) })).toEqual([])
    const held = heldBy(desk.queue, { ...token, now_ms: at(59) })
    expect(held === undefined ? undefined : leaseOn(held)).toEqual({
      job_id: "j1",
      lease_epoch: 1,
      attempt: 1,
      lease_expires_at: formatTime(at(60)),
    })
    expect(desk.job("j2").status).toBe("queued")
  })
  it("takes a job anew when the lease has passed, and another when the job has ended", () => {
    const desk = queueOf("j1", "j2")
    const claim = (s: number) =>
      desk
        .must({ kind: "claim_next", ...token, now_ms: at(s) })
        .map(({ job_id, payload }) => [job_id, payload["lease_epoch"]])
    expect(claim(0)).toEqual([["j1", 1]])
    expect(heldBy(desk.queue, { ...token, now_ms: at(60) })).toBeUndefined()
    expect(claim(60)).toEqual([["j1", 2]])
    desk.must({ kind: "cancel", job_id: "j1" })
    expect(heldBy(desk.queue, { ...token, now_ms: at(61) })).toBeUndefined()
    expect(claim(61)).toEqual([["j2", 1]])
  })
  it("is not answered to another token, and one token is given no second job", () => {
    const desk = queueOf("j1", "j2")
    desk.must({ kind: "claim", job_id: "j1", ...token, now_ms: at(0) })
    const asked = { kind: "claim", now_ms: at(1), once: true } as const
    expect(desk.do({ ...asked, job_id: "j1", token_sha256: digest("other") })).toBeInstanceOf(AlreadyClaimed)
    const refused = desk.do({ ...asked, job_id: "j2", ...token })
    expect(refused).toBeInstanceOf(TokenInUse)
    expect((refused as TokenInUse).message).toBe('the token holds "j1" already: each claim takes a token of its own')
  })
  it("finds nothing by a token in clear, as the reference daemon wrote them", () => {
    const desk = queueOf("j1")
    const claim_token = "claim_j1-1_000002"
    desk.add("job.claimed", "j1", { claim_token, lease_epoch: 1, attempt: 1, lease_expires_at: formatTime(at(60)) })
    expect(heldBy(desk.queue, { token_sha256: claim_token, now_ms: at(1) })).toBeUndefined()
  })
})

describe("§10.1 §10.5 a claim", () => {
  it("§10.1 §10.5 raises epoch and attempt by one and holds for a minute, or as long as it is asked to", () => {
    const desk = queueOf("j1")
    const facts = desk.must({ kind: "claim", job_id: "j1", token_sha256: digest("t1"), now_ms: start_ms })
    expect(facts.map(({ event_type, payload }) => [event_type, payload])).toEqual([
      [
        "job.claimed",
        {
          claim_token: digest("t1"),
          lease_epoch: 1,
          attempt: 1,
          lease_expires_at: formatTime(start_ms + lease_ms_default),
        },
      ],
    ])
    expect(leaseOf(facts)).toEqual({
      job_id: "j1",
      lease_epoch: 1,
      attempt: 1,
      lease_expires_at: formatTime(start_ms + 60_000),
    })
    const again = desk.must({ kind: "claim", job_id: "j1", token_sha256: digest("t2"), now_ms: at(60), lease_ms: 500 })
    expect(again[0]?.payload).toEqual({
      claim_token: digest("t2"),
      lease_epoch: 2,
      attempt: 2,
      lease_expires_at: formatTime(at(60) + 500),
    })
    expect(leaseOf([])).toBeUndefined()
  })
  it("§10.5 for no time, or for longer than a day, is the host's mistake", () => {
    const desk = queueOf("j1")
    for (const lease_ms of [0, -1, Number.NaN, 86_400_001])
      expect(() =>
        desk.do({ kind: "claim", job_id: "j1", token_sha256: digest("t"), now_ms: start_ms, lease_ms }),
      ).toThrow(RangeError)
  })
  it("§8 is recorded under the request its job was asked for under, and so is what follows unless the worker says otherwise", () => {
    const desk = new Desk()
    desk.must(submit("j1", { request_id: "asked" }))
    const hold = take(desk, "j1")
    desk.must({ kind: "heartbeat", job_id: "j1", hold, now_ms: at(1) })
    desk.must({ kind: "heartbeat", job_id: "j1", hold, now_ms: at(2), request_id: " beat " })
    expect(desk.refusal({ kind: "complete", job_id: "j1", hold, now_ms: at(3), request_id: " " })).toBe(
      "request_id is required",
    )
    desk.must({ kind: "complete", job_id: "j1", hold, now_ms: at(3), request_id: "" })
    expect(desk.events.map(({ request_id }) => request_id)).toEqual(["asked", "asked", "asked", "beat", "asked"])
    expect(desk.refusal({ kind: "heartbeat", job_id: "j1", hold, now_ms: at(3), request_id: "a b" })).toMatch(
      /no claimable/,
    )
  })
})

describe("§10.2 §10.3 which job is next", () => {
  it("§10.3 the first submitted comes first, by type where the worker names some", () => {
    const desk = new Desk()
    desk.must(submit("a", { job_type: "wiki.forge" }))
    desk.must(submit("b"))
    desk.must(submit("c", { job_type: "wiki.forge" }))
    desk.must(submit("d", { job_type: "skill.invoke" }))
    expect(next(desk, 0, { job_types: ["rpi.run", "skill.invoke", "rpi.run"] })).toEqual(["job.claimed b"])
    expect(next(desk, 0, { job_types: ["skill.invoke", "wiki.forge"] })).toEqual(["job.claimed a"])
    expect(next(desk, 0)).toEqual(["job.claimed c"])
    expect(next(desk, 0, { job_types: ["rpi.run"] })).toEqual([])
    expect(next(desk, 0, { job_types: [] })).toEqual([])
    expect(next(desk, 0)).toEqual(["job.claimed d"])
    expect(next(desk, 0)).toEqual([])
  })
  it("§10.3 a job that waits for a retry keeps its place before younger ones", () => {
    const desk = queueOf("a", "b", "c")
    expect(next(desk, 0)).toEqual(["job.claimed a"])
    expect(next(desk, 1)).toEqual(["job.claimed b"])
    expect(next(desk, 60)).toEqual(["job.claimed a"])
    expect(next(desk, 60)).toEqual(["job.claimed c"])
    expect(next(desk, 61)).toEqual(["job.claimed b"])
  })
  it.each([
    ["2026-04-28T12:01:00Z", 59, false],
    ["2026-04-28T12:01:00Z", 60, true],
    ["2026-04-28T14:01:00+02:00", 60, true],
    ["2026-04-28T12:01:00.000000001Z", 60, false],
    ["2026-04-28T12:00:59.999999999Z", 60, true],
    [undefined, 1_000_000, false],
    ["", 1_000_000, false],
    ["soon", 0, true],
  ])("§10.2 a lease until %s has ended after %d s: %s", (lease_expires_at, s, isEnded) => {
    const desk = queueOf("a")
    desk.add("job.claimed", "a", { claim_token: "t", lease_epoch: 1, attempt: 1, lease_expires_at })
    expect(statusAt(desk.job("a"), at(s))).toBe(isEnded ? "retry_waiting" : "running")
    expect(next(desk, s)).toEqual(isEnded ? ["job.claimed a"] : [])
  })
  it("§10.3 §18.6 what was never accepted is not claimed: neither the schedule's sentinel nor a job that is only talked about", () => {
    const desk = new Desk()
    desk.add("schedule.created", "schedule", { name: "n", job_type: "rpi.run" })
    desk.add("agent_update.phase_start", "talk", { job_type: "rpi.run" })
    expect(next(desk, 0)).toEqual([])
    expect(desk.do({ kind: "claim", job_id: "talk", token_sha256: digest("t"), now_ms: start_ms })).toBeInstanceOf(
      JobNotFound,
    )
    expect(desk.do({ kind: "claim", job_id: "schedule", token_sha256: digest("t"), now_ms: start_ms })).toBeInstanceOf(
      JobNotFound,
    )
  })
  it("a job that asks for a terminal artifact is for workers with this ledger's data plane alone", () => {
    const desk = new Desk()
    desk.must(submit("a", { payload: { terminal_artifact: { schema_id: "text/v1" } } }))
    desk.must(submit("b"))
    expect(next(desk, 0)).toEqual(["job.claimed b"])
    expect(next(desk, 0)).toEqual([])
    desk.must(submit("c"))
    expect(next(desk, 0, { hasDataPlane: true, job_types: ["rpi.run"] })).toEqual(["job.claimed a"])
    expect(next(desk, 0, { hasDataPlane: true })).toEqual(["job.claimed c"])
  })
  it("§10.3 a job whose id no fact of ours can bear does not stand in the way", () => {
    const desk = new Desk()
    desk.add("job.accepted", "x".repeat(300), { job_type: "rpi.run" })
    desk.must(submit("b"))
    expect(next(desk, 0)).toEqual(["job.claimed b"])
  })
})

describe("§10.2 when the next job can be claimed", () => {
  it("§10.2 at once, when the first lease ends, or never", () => {
    const desk = new Desk()
    const from = (job_types?: ReadonlyArray<string>) =>
      claimableFrom_ms(desk.queue, job_types === undefined ? {} : { job_types })
    expect([from(), openJobs(desk.queue)]).toEqual([Number.POSITIVE_INFINITY, 0])
    for (const id of ["a", "b"]) desk.must(submit(id))
    expect([from(), from(["rpi.run"]), from(["wiki.forge"]), from([])]).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
    expect([next(desk, 5), next(desk, 3)]).toEqual([["job.claimed a"], ["job.claimed b"]])
    expect([from(), openJobs(desk.queue)]).toEqual([at(63), 2])
    desk.must({ kind: "cancel", job_id: "b" })
    expect([from(), openJobs(desk.queue)]).toEqual([at(65), 1])
    desk.must(submit("c", { payload: { terminal_artifact: {} } }))
    expect([from(), claimableFrom_ms(desk.queue, { hasDataPlane: true })]).toEqual([at(65), Number.NEGATIVE_INFINITY])
  })
})

describe("§10.4 claiming a given job", () => {
  it("§10.4 §4 unknown, ended and held jobs are refused, in the contract's words", () => {
    const desk = queueOf("a")
    const claim = (job_id: string, s = 0) =>
      desk.do({ kind: "claim", job_id, token_sha256: digest("t"), now_ms: at(s) })
    expect(claim("nobody")).toEqual(new JobNotFound({ job_id: "nobody" }))
    expect(String((claim("nobody") as JobNotFound).message)).toBe("daemon queue: job not found")
    take(desk, "a")
    expect(claim("a", 59)).toBeInstanceOf(AlreadyClaimed)
    expect((claim("a", 59) as AlreadyClaimed).message).toBe("daemon queue: job already claimed")
    expect((claim("a", 59) as AlreadyClaimed).lease_expires_at).toBe(formatTime(at(60)))
    desk.must({ kind: "cancel", job_id: "a" })
    expect(claim("a", 99)).toBeInstanceOf(NoClaimableJobs)
    expect((claim("a", 99) as NoClaimableJobs).message).toBe("daemon queue: no claimable jobs")
  })
})

describe("§10.6 expiry and exhaustion", () => {
  it("§10.6 a passed lease is shown, not written: old token, epoch and end, and whether the attempts are used up", () => {
    const desk = new Desk()
    desk.must(submit("a", { max_attempts: 1 }))
    take(desk, "a", start_ms, "t1")
    const shown = queueJobState(desk.job("a"), at(60))
    expect(shown).toMatchObject({
      status: "retry_waiting",
      retry_exhausted: true,
      claim_token: digest("t1"),
      lease_epoch: 1,
      lease_expires_at: formatTime(at(60)),
    })
    expect(queueJobState(desk.job("a"), at(59))).not.toHaveProperty("retry_exhausted")
    expect(desk.events).toHaveLength(2)
  })
  it("§10.6 with three attempts the fourth claim fails the job", () => {
    const desk = queueOf("a")
    expect([next(desk, 0), next(desk, 60), next(desk, 120), next(desk, 180), next(desk, 240)]).toEqual([
      ["job.claimed a"],
      ["job.claimed a"],
      ["job.claimed a"],
      ["job.failed a"],
      [],
    ])
    expect(desk.events.at(-1)?.payload).toEqual({
      failure: { code: "retry_exhausted", message: "lease expired after retry cap", retryable: false },
    })
    expect(queueJobState(desk.job("a"), at(300))).toMatchObject({
      status: "failed",
      failure: { code: "retry_exhausted", message: "lease expired after retry cap" },
    })
  })
  it("§10.6 a job that is used up does not keep the worker from the next one", () => {
    const desk = new Desk()
    for (const id of ["a", "b"]) {
      desk.must(submit(id, { max_attempts: 1 }))
      take(desk, id)
    }
    desk.must(submit("c"))
    expect(next(desk, 60)).toEqual(["job.failed a", "job.failed b", "job.claimed c"])
  })
  it("§10.6 a claim clears away a bounded number of them", () => {
    const desk = new Desk()
    for (let i = 0; i < exhausted_per_claim_max + 5; i++) {
      desk.must(submit(`j${i}`, { max_attempts: 1 }))
      take(desk, `j${i}`)
    }
    desk.must(submit("last"))
    expect(next(desk, 60)).toHaveLength(exhausted_per_claim_max)
    expect(next(desk, 60)).toHaveLength(6)
  })
  it("§10.6 a given job that is used up fails when it is claimed", () => {
    const desk = new Desk()
    desk.must(submit("a", { max_attempts: 1 }))
    take(desk, "a")
    const facts = desk.must({ kind: "claim", job_id: "a", token_sha256: digest("t"), now_ms: at(60) })
    expect(facts.map(({ event_type }) => event_type)).toEqual(["job.failed"])
    expect(leaseOf(facts)).toBeUndefined()
  })
  it("§10.6 expire writes down what has passed, once, and fails what is used up; a live lease is left alone", () => {
    const desk = new Desk()
    desk.must(submit("a", { max_attempts: 2 }))
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(0) })).toEqual([])
    take(desk, "a", start_ms, "t1")
    expect(desk.do({ kind: "expire", job_id: "a", now_ms: at(59) })).toBeInstanceOf(AlreadyClaimed)
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(60) })).toMatchObject([
      { event_type: "job.lease_expired", payload: { claim_token: digest("t1"), lease_epoch: 1 } },
    ])
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(60) })).toEqual([])
    take(desk, "a", at(60))
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(120) })).toMatchObject([{ event_type: "job.failed" }])
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(120) })).toEqual([])
    expect(desk.do({ kind: "expire", job_id: "b", now_ms: at(120) })).toBeInstanceOf(JobNotFound)
  })
  it("§10.6 a worker that stops gives its job back at once; nobody else can", () => {
    const desk = queueOf("a")
    const hold = take(desk, "a")
    const other = { ...hold, token_sha256: digest("another") }
    expect(desk.do({ kind: "expire", job_id: "a", now_ms: at(1), hold: other })).toBeInstanceOf(LeaseMismatch)
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(1), hold })).toHaveLength(1)
    expect(desk.do({ kind: "heartbeat", job_id: "a", now_ms: at(1), hold })).toBeInstanceOf(LeaseMismatch)
    expect(next(desk, 1)).toEqual(["job.claimed a"])
  })
  it("§10.6 a lease that never had a token ends, too", () => {
    const desk = queueOf("a")
    desk.add("job.heartbeat", "a", { lease_expires_at: formatTime(at(60)) })
    expect(desk.must({ kind: "expire", job_id: "a", now_ms: at(60) })).toMatchObject([
      { event_type: "job.lease_expired", payload: { claim_token: "", lease_epoch: 0 } },
    ])
  })
})
