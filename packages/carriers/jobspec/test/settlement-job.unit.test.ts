import { describe, expect, it } from "vitest"
import {
  AlreadyClaimed,
  claimableFrom_ms,
  JobTypes,
  lease_ms_default,
  openJobs,
  queueSnapshot,
  settlement_claims_max,
  submitSettlement,
} from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"

const asked = submitSettlement({
  job_id: "run-1",
  idempotency_key: "key-1",
  schema: "text/v1",
  requested_by: "a test",
  input_hash: "sha256:1",
})
const types = (desk: Desk) => desk.events.map(({ event_type }) => event_type)

describe("the job of a settlement", () => {
  it("is known to every registry, and shown by whoever folds the ledger", () => {
    const desk = new Desk()
    desk.must(asked)
    const [job] = [...queueSnapshot(desk.queue, start_ms).jobs]
    expect(job).toMatchObject({
      job_id: "run-1",
      job_type: "settlement.run",
      status: "queued",
      idempotency_key: "key-1",
      max_attempts: settlement_claims_max,
      payload: { terminal_artifact: { schema: "text/v1" }, requested_by: "a test", input_hash: "sha256:1" },
    })
    expect(desk.must(asked)).toEqual([])
  })

  it.each([
    [asked.payload ?? {}, undefined],
    [{ requested_by: "me" }, "terminal_artifact must be an object"],
    [{ terminal_artifact: null }, "terminal_artifact must be an object"],
    [{ terminal_artifact: { schema: 1 } }, "terminal_artifact.schema must be a string"],
    [{ terminal_artifact: {}, input_ref: 1 }, "input_ref must be a string"],
  ])("its payload %j is refused with %j", (payload, reason) => {
    expect(new JobTypes().refusePayload("settlement.run", payload)).toBe(reason)
  })

  it("is claimed by a worker that asks for its type by name, and by nobody who takes whatever there is", () => {
    const desk = new Desk()
    desk.must(asked)
    const any = { hasDataPlane: true }
    const named = { hasDataPlane: true, job_types: ["settlement.run"] }
    expect(claimableFrom_ms(desk.queue, any)).toBe(Number.POSITIVE_INFINITY)
    expect(claimableFrom_ms(desk.queue, named)).toBe(Number.NEGATIVE_INFINITY)
    expect(openJobs(desk.queue)).toBe(1)
    const next = { kind: "claim_next", token_sha256: digest("t"), now_ms: start_ms } as const
    expect(desk.must({ ...next, ...any })).toEqual([])
    expect(desk.must({ ...next, ...named, hasDataPlane: false })).toEqual([])
    expect(desk.must({ ...next, ...named }).map(({ job_id }) => job_id)).toEqual(["run-1"])
    expect(claimableFrom_ms(desk.queue, named)).toBe(start_ms + lease_ms_default)
  })
})

describe("a lease whose holder is known to be gone", () => {
  const claim = { kind: "claim", job_id: "run-1", now_ms: start_ms } as const
  const held = () => {
    const desk = new Desk()
    desk.must(asked)
    desk.must({ ...claim, token_sha256: digest("one") })
    return desk
  }
  it("ends before its time, and what its holder says then changes nothing", () => {
    const desk = held()
    const expire = { kind: "expire", job_id: "run-1", now_ms: start_ms } as const
    expect(desk.do(expire)).toBeInstanceOf(AlreadyClaimed)
    desk.must({ ...expire, isHolderGone: true })
    desk.must({ ...claim, token_sha256: digest("two") })
    const stale = { token_sha256: digest("one"), lease_epoch: 1 }
    expect(desk.refusal({ kind: "complete", job_id: "run-1", now_ms: start_ms, hold: stale })).toMatch(/mismatch/u)
    expect(types(desk)).toEqual(["job.accepted", "job.claimed", "job.lease_expired", "job.claimed"])
    expect(desk.job("run-1")).toMatchObject({ status: "running", lease_epoch: 2, attempt: 2 })
  })
  it("is not there to be ended when nobody holds the job", () => {
    const desk = new Desk()
    desk.must(asked)
    expect(desk.must({ kind: "expire", job_id: "run-1", now_ms: start_ms, isHolderGone: true })).toEqual([])
  })
})
