import { formatTime } from "@waybill/ledger"
import { describe, expect, it } from "vitest"
import {
  cancelAnswer,
  failure_codes,
  JobNotFound,
  JobSpec,
  LeaseExpired,
  LeaseMismatch,
  NoClaimableJobs,
  projectionState,
} from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"
import { at, next, queueOf, submit, take } from "./support/queues.ts"

describe("§10.7 heartbeat, complete and fail", () => {
  const kinds = ["heartbeat", "complete", "fail"] as const
  it.each(kinds)("§10.7 %s of an unknown job is refused", (kind) => {
    const hold = { token_sha256: digest("t"), lease_epoch: 1 }
    expect(new Desk().do({ kind, job_id: "a", hold, now_ms: start_ms })).toBeInstanceOf(JobNotFound)
  })
  it.each(kinds)("§10.7 %s with another token or epoch is refused, also right after the lease has passed", (kind) => {
    const desk = queueOf("a")
    const hold = take(desk, "a")
    for (const wrong of [{ token_sha256: digest("x") }, { token_sha256: "" }, { lease_epoch: 0 }, { lease_epoch: 2 }])
      for (const s of [1, 61]) {
        const refused = desk.do({ kind, job_id: "a", hold: { ...hold, ...wrong }, now_ms: at(s) })
        expect(refused).toBeInstanceOf(LeaseMismatch)
        expect((refused as LeaseMismatch).message).toBe("daemon queue: claim token or lease epoch mismatch")
      }
    const late = desk.do({ kind, job_id: "a", hold, now_ms: at(60) })
    expect(late).toBeInstanceOf(LeaseExpired)
    expect((late as LeaseExpired).message).toBe("daemon queue: lease expired")
    expect(desk.events).toHaveLength(2)
  })
  it.each(kinds)(
    "§10.7 §18.6 %s of a job that was never claimed is refused, also with an empty token and epoch 0",
    (kind) => {
      const desk = queueOf("a")
      const refused = desk.do({ kind, job_id: "a", hold: { token_sha256: "", lease_epoch: 0 }, now_ms: start_ms })
      expect(refused).toBeInstanceOf(LeaseMismatch)
    },
  )
  it("§18.6 a token in clear is never written, and one in an old ledger holds nothing", () => {
    const desk = queueOf("a")
    const claim = { kind: "claim", job_id: "a", now_ms: start_ms } as const
    expect(desk.refusal({ ...claim, token_sha256: "my secret" })).toMatch(/must be the SHA-256 of the token/)
    expect(desk.refusal({ ...claim, token_sha256: "A".repeat(64) })).toMatch(/must be the SHA-256 of the token/)
    const claim_token = "claim_a-1_000002"
    desk.add("job.claimed", "a", { claim_token, lease_epoch: 1, attempt: 1, lease_expires_at: formatTime(at(60)) })
    const hold = { token_sha256: claim_token, lease_epoch: 1 }
    expect(desk.do({ kind: "complete", job_id: "a", hold, now_ms: at(1) })).toBeInstanceOf(LeaseMismatch)
  })
  it("§10.7 a heartbeat extends the lease from now and may add artifacts", () => {
    const desk = queueOf("a")
    const hold = take(desk, "a")
    const artifact_refs = {
      out: { path: "out.txt", sha256: "a".repeat(64), size: 3, written_at: "2026-04-28T12:00:00Z" },
    }
    desk.must({ kind: "heartbeat", job_id: "a", hold, now_ms: at(30), artifacts: { log: "log.txt" }, artifact_refs })
    expect(desk.job("a")).toMatchObject({
      lease_expires_at: formatTime(at(90)),
      artifacts: { log: "log.txt", out: "out.txt" },
      artifact_refs,
    })
    desk.must({ kind: "heartbeat", job_id: "a", hold, now_ms: at(89), lease_ms: 1000 })
    expect(desk.job("a").lease_expires_at).toBe(formatTime(at(90)))
    const bad = { out: { ...artifact_refs.out, sha256: "short" } }
    expect(desk.refusal({ kind: "heartbeat", job_id: "a", hold, now_ms: at(89), artifact_refs: bad })).toMatch(/sha256/)
  })
  it("§10.7 completing ends the job well", () => {
    const desk = queueOf("a")
    const hold = take(desk, "a")
    expect(desk.must({ kind: "complete", job_id: "a", hold, now_ms: at(1), artifacts: { x: "y" } })).toMatchObject([
      {
        event_type: "job.completed",
        payload: { claim_token: hold.token_sha256, lease_epoch: 1, result_status: "succeeded", artifacts: { x: "y" } },
      },
    ])
    expect(desk.job("a").status).toBe("completed")
  })
  it("§10.7 after the end a heartbeat finds nothing to do, complete and fail change nothing and are no error", () => {
    const desk = queueOf("a")
    const hold = take(desk, "a")
    desk.must({ kind: "cancel", job_id: "a" })
    const stranger = { token_sha256: digest("x"), lease_epoch: 9 }
    expect(desk.do({ kind: "heartbeat", job_id: "a", hold, now_ms: at(1) })).toBeInstanceOf(NoClaimableJobs)
    expect(desk.must({ kind: "complete", job_id: "a", hold, now_ms: at(1) })).toEqual([])
    expect(desk.must({ kind: "fail", job_id: "a", hold: stranger, now_ms: at(1) })).toEqual([])
    expect(desk.job("a").status).toBe("cancelled")
  })
  it("§10.7 failing is final; the code is request_rejected by default and one of nine, or of those a host registers", () => {
    expect(failure_codes).toHaveLength(9)
    for (const code of failure_codes) {
      const desk = queueOf("a")
      const hold = take(desk, "a")
      desk.must({ kind: "fail", job_id: "a", hold, now_ms: at(1), failure: { code, message: "m", retryable: true } })
      expect(desk.job("a")).toMatchObject({ status: "failed", failure: { code, message: "m", retryable: true } })
      expect(next(desk, 99)).toEqual([])
    }
    const desk = queueOf("a")
    const hold = take(desk, "a")
    expect(
      desk.refusal({ kind: "fail", job_id: "a", hold, now_ms: at(1), failure: { code: "source_read_failed" } }),
    ).toMatch(/^invalid failure code "source_read_failed": want one of daemon_unavailable, /)
    desk.must({ kind: "fail", job_id: "a", hold, now_ms: at(1) })
    expect(desk.job("a").failure).toEqual({ code: "request_rejected", message: "", retryable: false })
    const own = new Desk(JobSpec.make({ failureCodes: ["source_read_failed"] }))
    own.must(submit("a"))
    const mine = take(own, "a")
    own.must({ kind: "fail", job_id: "a", hold: mine, now_ms: at(1), failure: { code: "source_read_failed" } })
    expect(own.job("a").failure?.code).toBe("source_read_failed")
  })
})

describe("§5.2 §5.3 cancelling", () => {
  const answer = (desk: Desk, job_id: string, now_ms = start_ms) => {
    const facts = desk.must({ kind: "cancel", job_id })
    const { states } = desk.views()
    return cancelAnswer(desk.job(job_id), facts, projectionState(states, { corrupt_record_count: 0 }), now_ms)
  }
  it("§5.2 ends what has not ended, and says how the rest had ended", () => {
    const desk = queueOf("queued", "running", "waiting", "completed", "failed")
    take(desk, "running", at(50))
    take(desk, "waiting")
    desk.must({ kind: "complete", job_id: "completed", hold: take(desk, "completed"), now_ms: at(1) })
    desk.must({ kind: "fail", job_id: "failed", hold: take(desk, "failed"), now_ms: at(1) })
    const outcomes = ["queued", "running", "waiting", "completed", "failed", "queued"].map((id) => {
      const { cancelled, job, outcome } = answer(desk, id, at(60))
      return [outcome, cancelled, job.status]
    })
    expect(outcomes).toEqual([
      ["cancelled", true, "cancelled"],
      ["cancelled", true, "cancelled"],
      ["cancelled", true, "cancelled"],
      ["already_terminal_completed", false, "completed"],
      ["already_terminal_failed", false, "failed"],
      ["already_terminal_cancelled", true, "cancelled"],
    ])
  })
  it("§5.2 §4 matches the id as it is, and is refused in the contract's words", () => {
    const desk = queueOf("j")
    expect(desk.refusal({ kind: "cancel", job_id: "" })).toBe("job_id is required")
    expect(desk.refusal({ kind: "cancel", job_id: " " })).toBe("job_id is required")
    expect(desk.refusal({ kind: "cancel", job_id: " j " })).toBe("daemon queue: job not found")
    expect(desk.refusal({ kind: "cancel", job_id: "j", request_id: "a b" })).toBe(
      'request_id "a b" must not contain whitespace',
    )
    desk.must({ kind: "cancel", job_id: "j" })
    expect(desk.must({ kind: "cancel", job_id: "j", request_id: "a b" })).toEqual([])
  })
  it("§5.2 keeps the reason, trimmed, and the request: its own or else the job's", () => {
    const desk = new Desk()
    desk.must(submit("a", { request_id: "ra" }))
    desk.must(submit("b", { request_id: "rb" }))
    desk.must({ kind: "cancel", job_id: "a", reason: "  too late " })
    desk.must({ kind: "cancel", job_id: "b", reason: " ", request_id: "mine" })
    expect(desk.events.slice(2).map(({ payload, request_id }) => [payload, request_id])).toEqual([
      [{ result_status: "cancelled", reason: "too late" }, "ra"],
      [{ result_status: "cancelled", reason: "cancelled" }, "mine"],
    ])
  })
  it("§18.6 the schedule's sentinel is no job that could be cancelled; an entry without a type is", () => {
    const desk = new Desk()
    desk.add("schedule.created", "schedule", { name: "n" })
    expect(desk.refusal({ kind: "cancel", job_id: "schedule" })).toBe("daemon queue: job not found")
    desk.add("agent_update.phase_start", "talk")
    expect(answer(desk, "talk")).toMatchObject({ outcome: "cancelled", job: { job_type: "", status: "cancelled" } })
  })
})
