import { describe, expect, it } from "vitest"
import { queueJobState, request_ids_max } from "../src/index.ts"
import { Desk, recorded, start_ms } from "./support/desk.ts"

const accepted = { job_type: "rpi.run", job_payload: { goal: "g" }, max_attempts: 3 }
const deskWith = (...events: ReadonlyArray<readonly [string, object?]>) => {
  const desk = new Desk()
  for (const [event_type, payload] of events) desk.add(event_type, "j1", payload ?? {})
  return desk
}
const anomalies = (desk: Desk) => desk.queue.anomalies("j1").map(({ code }) => code)

describe("§11 the state of a job", () => {
  it("§11 is served with the contract's fields in their order, and without those that are empty", () => {
    const desk = new Desk()
    desk.add("job.accepted", "j1", { ...accepted, idempotency_key: "k" }, { request_id: "r1" })
    desk.add(
      "job.claimed",
      "j1",
      { claim_token: "t", lease_epoch: 1, attempt: 1, lease_expires_at: "2026-04-28T12:01:00Z" },
      { request_id: "r2" },
    )
    const ref = { path: "p", sha256: "s" }
    desk.add("job.failed", "j1", {
      failure: { code: "lost", message: "m", retryable: true },
      artifacts: { b: "x" },
      artifact_refs: { a: ref },
    })
    const state = queueJobState(desk.job("j1"), start_ms)
    expect(Object.entries(state)).toEqual([
      ["job_id", "j1"],
      ["job_type", "rpi.run"],
      ["request_id", "r1"],
      ["request_ids", ["r1", "r2"]],
      ["status", "failed"],
      ["idempotency_key", "k"],
      ["attempt", 1],
      ["max_attempts", 3],
      ["claim_token", "(redacted)"],
      ["lease_epoch", 1],
      ["lease_expires_at", "2026-04-28T12:01:00Z"],
      ["failure", { code: "lost", message: "m", retryable: true }],
      ["artifacts", { a: "p", b: "x" }],
      ["artifact_refs", { a: ref }],
      ["projection_targets", ["rpi-registry", "openclaw-snapshot", "daemon-status", "daemon-job-status"]],
      ["payload", { goal: "g" }],
      ["last_event_id", "evt_job.failed_j1_000003"],
      ["created_at", "2026-04-28T12:00:01Z"],
      ["updated_at", "2026-04-28T12:00:03Z"],
    ])
    const bare = new Desk()
    bare.add("agent_update.phase_start", "j1")
    expect(Object.keys(queueJobState(bare.job("j1"), start_ms))).toEqual([
      "job_id",
      "job_type",
      "request_id",
      "request_ids",
      "status",
      "attempt",
      "max_attempts",
      "last_event_id",
      "updated_at",
    ])
  })
  it("§11 begins with any event but a projection's", () => {
    const desk = deskWith(["projection.rebuilt"])
    expect(desk.queue.get("j1")).toBeUndefined()
    expect(desk.queue.lastEventId).toBe("evt_projection.rebuilt_j1_000001")
    desk.add("factory.job_started", "j1", { job_type: "rpi.run", artifacts: { a: "b" } })
    expect(desk.job("j1")).toMatchObject({ status: "queued", attempt: 0, max_attempts: 3, job_type: "rpi.run" })
    expect(desk.job("j1").artifacts).toEqual({ a: "b" })
  })
  it("§11 after an end, nothing changes anything, and what was tried is listed", () => {
    const desk = deskWith(["job.accepted", accepted], ["job.cancelled"])
    const ended = desk.job("j1")
    for (const type of [
      "job.accepted",
      "job.completed",
      "job.claimed",
      "agent_update.phase_start",
      "factory.job_started",
    ])
      desk.add(type, "j1", { job_type: "wiki.forge", artifacts: { late: "x" } }, { request_id: "late" })
    expect(desk.job("j1")).toBe(ended)
    expect(anomalies(desk)).toEqual(["after_terminal", "second_terminal", "after_terminal"])
  })
  it("§11 keeps every request id once, in order, as many as a thousand", () => {
    const desk = deskWith(["job.accepted", accepted])
    for (let i = 0; i < request_ids_max + 5; i++)
      desk.record(recorded(desk.queue.position + 1, "job.heartbeat", "j1", {}, { request_id: `r${1 + (i % 1100)}` }))
    const { request_ids } = desk.job("j1")
    expect(request_ids.slice(0, 3)).toEqual(["r1", "r2", "r3"])
    expect(request_ids).toHaveLength(request_ids_max)
  })
  it("§11 takes type, targets, key, payload and attempts from any event that tells them, where they have their types", () => {
    const desk = deskWith(
      ["job.accepted", accepted],
      [
        "agent_update.phase_start",
        {
          job_type: "wiki.forge",
          projection_targets: "wiki-jobs",
          idempotency_key: "k2",
          job_payload: { a: 1 },
          max_attempts: 7.9,
        },
      ],
    )
    expect(desk.job("j1")).toMatchObject({
      job_type: "wiki.forge",
      projection_targets: ["wiki-jobs"],
      idempotency_key: "k2",
      payload: { a: 1 },
      max_attempts: 7,
    })
    const before = desk.job("j1")
    desk.add("agent_update.phase_start", "j1", {
      job_type: 5,
      projection_targets: 1,
      idempotency_key: "",
      job_payload: [],
      max_attempts: "9",
      artifacts: { n: 1 },
      artifact_refs: { r: "no" },
    })
    const { last_event_id: _, updated_at: __, ...after } = desk.job("j1")
    expect(before).toMatchObject(after)
    desk.add("agent_update.phase_start", "j1", { job_type: "no.such" })
    expect(desk.job("j1")).toMatchObject({ job_type: "wiki.forge", unknown_job_type: "no.such" })
  })
  it("§11 merges artifacts; a reference with a path names one, too; odd names are ordinary", () => {
    const odd = JSON.parse(
      '{"artifacts":{"__proto__":"p","n":1,"a":"1"},"artifact_refs":{"constructor":{"path":"c"}}}',
    ) as object
    const desk = deskWith(
      ["job.accepted", accepted],
      ["job.heartbeat", { artifacts: { a: "0", z: "z" } }],
      ["job.heartbeat", odd],
      ["job.heartbeat", { artifact_refs: { a: { path: "2" }, empty: { path: "" } } }],
    )
    const { artifact_refs, artifacts } = desk.job("j1")
    expect(Object.entries(artifacts ?? {})).toEqual([
      ["a", "2"],
      ["z", "z"],
      ["__proto__", "p"],
      ["constructor", "c"],
    ])
    expect(Object.keys(artifact_refs ?? {})).toEqual(["constructor", "a", "empty"])
  })
})

describe("§11 each event's effect", () => {
  const claimed = { claim_token: "t", lease_epoch: 1, attempt: 1, lease_expires_at: "2026-04-28T12:01:00Z" }
  it("§11 job.accepted queues, again too; token, epoch and attempt stay, the time of creation is the first", () => {
    const desk = deskWith(["job.accepted", accepted], ["job.claimed", claimed], ["job.accepted", accepted])
    expect(desk.job("j1")).toMatchObject({
      status: "queued",
      claim_token: "t",
      lease_epoch: 1,
      attempt: 1,
      created_at: "2026-04-28T12:00:01Z",
    })
    expect(anomalies(desk)).toEqual(["accepted_again"])
  })
  it("§11 job.claimed sets token, epoch and end, or clears them; the attempt only if it is there", () => {
    const desk = deskWith(["job.accepted", accepted], ["job.claimed", claimed])
    expect(desk.job("j1")).toMatchObject({ status: "running", ...claimed })
    desk.add("job.claimed", "j1", {})
    expect(desk.job("j1")).toMatchObject({ status: "running", lease_epoch: 0, attempt: 1 })
    expect([desk.job("j1").claim_token, desk.job("j1").lease_expires_at]).toEqual([undefined, undefined])
    expect(anomalies(desk)).toEqual(["stale_epoch"])
  })
  it("§11 job.heartbeat runs the job and overwrites what it tells; the hold is not checked again", () => {
    const desk = deskWith(["job.accepted", accepted], ["job.heartbeat"])
    expect(desk.job("j1").status).toBe("running")
    desk.add("job.heartbeat", "j1", { claim_token: "u", lease_epoch: 4, lease_expires_at: "x" })
    desk.add("job.heartbeat", "j1", {})
    expect(desk.job("j1")).toMatchObject({ claim_token: "u", lease_epoch: 4, lease_expires_at: "x" })
    expect(anomalies(desk)).toEqual(["stale_epoch"])
  })
  it("§11 job.lease_expired waits for a retry, without a token; epoch, end and attempt stay", () => {
    const desk = deskWith(
      ["job.accepted", accepted],
      ["job.claimed", claimed],
      ["job.lease_expired", { claim_token: "t" }],
    )
    const { claim_token, ...job } = desk.job("j1")
    expect(claim_token).toBeUndefined()
    expect(job).toMatchObject({
      status: "retry_waiting",
      lease_epoch: 1,
      attempt: 1,
      lease_expires_at: claimed.lease_expires_at,
    })
  })
  it("§11 §10.8 the ends: completed, failed, cancelled; the last token, epoch and end stay", () => {
    for (const [type, status] of [
      ["job.completed", "completed"],
      ["job.failed", "failed"],
      ["job.cancelled", "cancelled"],
    ] as const) {
      const desk = deskWith(["job.accepted", accepted], ["job.claimed", claimed], [type])
      expect(desk.job("j1")).toMatchObject({ status, ...claimed })
      expect(queueJobState(desk.job("j1"), Number.MAX_SAFE_INTEGER).status).toBe(status)
    }
  })
  it.each([
    [{}, { code: "request_rejected", message: "", retryable: false }],
    [{ failure: { code: "anything goes" } }, { code: "anything goes", message: "", retryable: false }],
    [
      { failure_code: "lost", message: "m", retryable: true },
      { code: "lost", message: "m", retryable: true },
    ],
    [
      { failure: { code: "a", message: "b", retryable: true }, failure_code: "c", retryable: false },
      { code: "c", message: "b", retryable: false },
    ],
    [{ failure: 5 }, { code: "request_rejected", message: "", retryable: false }],
  ])("§8 §11 a failure told as %j is read", (payload, failure) => {
    expect(deskWith(["job.accepted", accepted], ["job.failed", payload]).job("j1").failure).toEqual(failure)
  })
  it("§11 what factories, agents and schedules tell changes no status", () => {
    const desk = deskWith(["job.accepted", accepted], ["job.claimed", claimed])
    for (const type of ["factory.job_terminal", "agent_update.phase_complete", "schedule.fired"]) desk.add(type, "j1")
    expect(desk.job("j1")).toMatchObject({ status: "running", last_event_id: "evt_schedule.fired_j1_000005" })
  })
  it("§10.8 queued can end without ever having run, in a ledger somebody wrote by hand", () => {
    expect(deskWith(["job.accepted", accepted], ["job.completed"]).job("j1").status).toBe("completed")
    expect(deskWith(["job.completed"]).job("j1")).toMatchObject({ status: "completed", job_type: "" })
  })
})
