import { type JsonObject, utf8Bytes } from "@waybill/ledger"
import { describe, expect, it } from "vitest"
import {
  consumer_names,
  contract_job_types,
  differences,
  errorBody,
  generatedJobId,
  JobSpec,
  KeyTooLong,
  mutationActor,
  openclaw_names,
  projectionState,
  type QueueCommand,
  refusal_statuses,
  sanitise,
  scheduleRequestId,
  snapshotId,
  submitAnswer,
  submittedJob,
  type Submit,
  triggerAnswer,
  unreadProjectionState,
} from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"

const submit = (more: Partial<Submit> = {}): Submit => ({ kind: "submit", job_type: "rpi.run", ...more })
const replay = { corrupt_record_count: 0 }
const answerTo = (desk: Desk, command: Submit) => {
  const facts = desk.must(command)
  const job = submittedJob(desk.queue, command, facts)
  if (job === undefined) throw new Error("not submitted")
  return submitAnswer(job, command, projectionState(desk.views().states, replay), start_ms)
}

describe("§5.1 a submission", () => {
  it("§5.1 of the contract's example answers with its values; the event id keeps the dots of its type", () => {
    const desk = new Desk()
    const command = submit({
      request_id: "req-golden-submit",
      job_id: "job-golden-rpi",
      idempotency_key: "idem-golden-rpi",
    })
    expect(answerTo(desk, command)).toEqual({
      accepted: true,
      request_id: "req-golden-submit",
      job_id: "job-golden-rpi",
      status: "queued",
      last_event_id: "evt_job.accepted_job-golden-rpi_000001",
      projection_status: "current",
      projection_lag: {
        last_event_id: "evt_job.accepted_job-golden-rpi_000001",
        event_count: 1,
        corrupt_record_count: 0,
        degraded: false,
      },
      idempotency_key: "idem-golden-rpi",
    })
    expect(desk.events[0]?.payload).toEqual({
      idempotency_key: "idem-golden-rpi",
      job_payload: {},
      job_type: "rpi.run",
      max_attempts: 3,
      projection_targets: ["rpi-registry", "openclaw-snapshot", "daemon-status", "daemon-job-status"],
    })
  })
  it("§5.1 §9 without ids gets them, of the contract's shape", () => {
    const desk = new Desk()
    const [fact] = desk.must(submit())
    expect([fact?.job_id, fact?.request_id]).toEqual(["job_rpi_run_000001", "req_job_rpi_run_000001_000001"])
    expect(desk.must(submit({ job_id: "  " }))[0]?.job_id).toBe("job_rpi_run_000002")
    expect(desk.must(submit({ request_id: "" }))[0]?.request_id).toBe("req_job_rpi_run_000003_000003")
  })
  it("§5.1 ids are trimmed before anything looks at them; a key is not", () => {
    const desk = new Desk()
    expect(desk.must(submit({ job_id: " j 1 ", request_id: "\tr1 " }))[0]).toMatchObject({
      job_id: "j 1",
      request_id: "r1",
    })
    expect(desk.must(submit({ job_id: "j 1" }))).toEqual([])
    expect(desk.must(submit({ idempotency_key: " " }))).toHaveLength(1)
    expect(desk.must(submit({ idempotency_key: " " }))).toHaveLength(0)
    expect(desk.must(submit({ idempotency_key: "" }))).toHaveLength(1)
    expect(desk.must(submit({ idempotency_key: "" }))).toHaveLength(1)
  })
  it("§5.1 finds the first job that has its key or its id, whatever its type, payload or end", () => {
    const desk = new Desk()
    desk.must(submit({ job_id: "a", request_id: "ra", idempotency_key: "k" }))
    desk.must(submit({ job_id: "b", request_id: "rb" }))
    const both = submit({ job_type: "wiki.forge", job_id: "b", idempotency_key: "k", payload: { model: "m" } })
    expect(answerTo(desk, both)).toMatchObject({ job_id: "a", request_id: "ra", idempotency_key: "k" })
    desk.must(submit({ job_id: "c", idempotency_key: "k2" }))
    expect(answerTo(desk, submit({ job_id: "b", idempotency_key: "k2" })).job_id).toBe("b")
    desk.must({ kind: "cancel", job_id: "a" })
    expect(answerTo(desk, submit({ idempotency_key: "k" }))).toMatchObject({ job_id: "a", status: "cancelled" })
    expect(desk.must(submit({ job_id: "z", request_id: "ra" }))).toHaveLength(1)
  })
  it("§18.6 a retry that asks for something else is told so", () => {
    const desk = new Desk()
    const first = submit({ job_id: "a", payload: { goal: "x", max_cycles: 1 } })
    expect(answerTo(desk, first).differs).toBeUndefined()
    expect(answerTo(desk, { ...first, payload: { max_cycles: 1, goal: "x" } }).differs).toBeUndefined()
    expect(answerTo(desk, { ...first, payload: { goal: "y" } }).differs).toEqual(["payload"])
    expect(differences(desk.job("a"), submit({ job_type: "wiki.forge" }))).toEqual(["job_type", "payload"])
  })
  it("§5.1 an id that is only talked about is still free: the submission is recorded", () => {
    const desk = new Desk()
    desk.add("agent_update.phase_start", "j1", { run_id: "x" })
    expect(desk.must(submit({ job_id: "j1" }))).toHaveLength(1)
    expect(desk.job("j1")).toMatchObject({ status: "queued", job_type: "rpi.run" })
  })
  it("§5.1 a retry with a bad request id but a known key is answered", () => {
    const desk = new Desk()
    desk.must(submit({ idempotency_key: "k" }))
    expect(desk.must(submit({ idempotency_key: "k", request_id: "a b" }))).toEqual([])
  })
  it("§5.1 when the read models cannot be read after the fact, the answer is degraded and names why", () => {
    expect(unreadProjectionState("no disk")).toEqual({
      projection_status: "degraded",
      projection_lag: { event_count: 0, corrupt_record_count: 0, degraded: false },
      degraded_reasons: ["no disk"],
    })
  })
  it("§10.1 three attempts are the default, and what is recorded counts", () => {
    const desk = new Desk()
    desk.must(submit({ job_id: "a" }))
    desk.must(submit({ job_id: "b", max_attempts: 5 }))
    expect([desk.job("a").max_attempts, desk.job("b").max_attempts]).toEqual([3, 5])
    expect(desk.refusal(submit({ max_attempts: 0 }))).toMatch(/max_attempts/)
  })
})

describe("§4 a submission is refused in the contract's words", () => {
  const refusal = (more: Partial<Submit>, desk = new Desk()) => desk.refusal(submit(more))
  it.each([
    [{ job_type: "no.such" }, 'invalid job type "no.such"'],
    [{ job_type: "" }, 'invalid job type ""'],
    [
      { payload: { start_phase: 1.5 } },
      "daemon queue: invalid job payload: rpi.run payload: start_phase must be an integer",
    ],
    [{ request_id: "a b" }, 'request_id "a b" must not contain whitespace'],
    [{ request_id: "a\tb\r\n" }, 'request_id "a\\tb" must not contain whitespace'],
    [{ request_id: "  " }, "request_id is required"],
    [{ idempotency_key: "é".repeat(129) }, "idempotency_key exceeds MaxIdempotencyKeyBytes"],
    [{ job_id: "schedule" }, 'job_id "schedule" is reserved'],
    [{ job_id: " schedule " }, 'job_id "schedule" is reserved'],
    [{ job_id: "ledger" }, 'job_id "ledger" is reserved'],
    [{ job_type: "rpi.phase", trigger: openclaw_names }, "job_type is not allowlisted for OpenClaw trigger"],
    [{ job_type: "", trigger: openclaw_names }, "job_type is not allowlisted for OpenClaw trigger"],
    [{ job_type: "nope", trigger: consumer_names }, "job_type is not allowlisted for Consumer trigger"],
  ])("§4 %j", (more, text) => expect(refusal(more)).toBe(text))
  it("§4 a key's refusal tells both sizes; 256 bytes are not too many", () => {
    const desk = new Desk()
    const refused = desk.do(submit({ idempotency_key: "é".repeat(129) }))
    expect(refused).toBeInstanceOf(KeyTooLong)
    expect(errorBody(refused as KeyTooLong)).toEqual({
      error: "idempotency_key exceeds MaxIdempotencyKeyBytes",
      max_bytes: 256,
      got_bytes: 258,
    })
    expect(errorBody(new Error("x"))).toEqual({ error: "x" })
    expect(desk.must(submit({ idempotency_key: "é".repeat(128) }))).toHaveLength(1)
  })
  it("§4 every refusal has the contract's status, and those for workers say that the state is in the way", () => {
    const desk = new Desk()
    desk.must(submit({ job_id: "a" }))
    const status = (command: QueueCommand) => {
      const done = desk.do(command)
      return done instanceof Error ? refusal_statuses[done._tag] : "not refused"
    }
    const hold = { token_sha256: digest("t"), lease_epoch: 1 }
    expect([
      status(submit({ job_type: "no" })),
      status(submit({ idempotency_key: "k".repeat(257) })),
      status(submit({ job_id: "schedule" })),
      status({ kind: "cancel", job_id: "" }),
      status({ kind: "cancel", job_id: "nobody" }),
      status({ kind: "complete", job_id: "a", hold, now_ms: start_ms }),
    ]).toEqual([400, 400, 400, 400, 404, 409])
  })
  it("§5.1 the checks come in their order", () => {
    const all = {
      idempotency_key: "k".repeat(257),
      job_type: "no",
      payload: { goal: 1 },
      job_id: "schedule",
      request_id: " ",
    }
    const desk = new Desk()
    expect(refusal({ ...all, trigger: openclaw_names }, desk)).toMatch(/allowlisted/)
    expect(refusal(all, desk)).toMatch(/MaxIdempotencyKeyBytes/)
    expect(refusal({ ...all, idempotency_key: "k" }, desk)).toMatch(/invalid job type/)
    expect(refusal({ ...all, idempotency_key: "k", job_type: "rpi.run" }, desk)).toMatch(/goal must be a string/)
    expect(refusal({ ...all, idempotency_key: "k", job_type: "rpi.run", payload: {} }, desk)).toMatch(/reserved/)
    expect(refusal({ idempotency_key: "k", request_id: " " }, desk)).toBe("request_id is required")
  })
  it("§18.6 ids and payloads that could not be read back are refused before anything is written", () => {
    const desk = new Desk()
    expect(refusal({ job_id: "<".repeat(257) }, desk)).toBe("job_id is longer than 256 bytes")
    expect(refusal({ job_id: "a\u0007b" }, desk)).toBe("job_id contains a control character")
    expect(refusal({ request_id: "r".repeat(257) }, desk)).toBe("request_id is longer than 256 bytes")
    expect(refusal({ request_id: "r\ud800" }, desk)).toBe("request_id contains a lone surrogate")
    expect(refusal({ idempotency_key: "\ud800" }, desk)).toBe("idempotency_key contains a lone surrogate")
    let deep: JsonObject = {}
    for (let i = 0; i < 600; i++) deep = { deep }
    expect(refusal({ payload: deep }, desk)).toMatch(/rpi\.run payload: .*nested deeper/)
    expect(desk.events).toEqual([])
    desk.add("job.accepted", "x".repeat(300), { job_type: "rpi.run" })
    expect(desk.must(submit({ job_id: "x".repeat(300) }))).toEqual([])
  })
})

describe("§5.4 the consumer's trigger", () => {
  it("§5.4 takes the four types of the allowlist, under either name, and those that a host marks", () => {
    const allowed = contract_job_types.filter(({ isTriggerable }) => isTriggerable).map(({ name }) => name)
    expect(allowed.toSorted()).toEqual(["dream.run", "openclaw.snapshot", "rpi.run", "wiki.forge"])
    const jobspec = JobSpec.make({ jobTypes: [{ name: "report.build", isTriggerable: true }] })
    for (const job_type of [...allowed, "consumer.snapshot", "report.build"])
      expect(new Desk(jobspec).must(submit({ job_type, trigger: openclaw_names }))).toHaveLength(1)
  })
  it("§5.4 shares keys with submissions, and names the type of the job it found", () => {
    const desk = new Desk()
    desk.must(submit({ job_type: "wiki.build", job_id: "w", request_id: "r", idempotency_key: "k" }))
    const command = submit({ idempotency_key: "k", trigger: openclaw_names })
    const job = submittedJob(desk.queue, command, desk.must(command))
    if (job === undefined) throw new Error("not found")
    expect(triggerAnswer(job, desk.views(), replay, start_ms)).toEqual({
      accepted: true,
      request_id: "r",
      job_id: "w",
      job_type: "wiki.build",
      status: "queued",
      last_event_id: "evt_job.accepted_w_000001",
      snapshot_status: "current",
      idempotency_key: "k",
    })
  })
})

describe("§9 ids and actors", () => {
  it("§9 dots, slashes, spaces and colons become underscores; nothing left is the daemon", () => {
    expect([sanitise(" a.b/c d:e-f "), sanitise("  ")]).toEqual(["a_b_c_d_e-f", "daemon"])
    expect(generatedJobId("eval.skill-delta", 1_234_567)).toBe("job_eval_skill-delta_1234567")
  })
  it("§6.4 an actor is its base and its token's name", () => {
    expect(mutationActor("ao-http", "legacy")).toBe("ao-http:legacy")
    expect(mutationActor(openclaw_names.actor, "my token")).toBe("openclaw-trigger:my_token")
    expect(mutationActor(consumer_names.actor, "")).toBe("consumer-trigger:daemon")
  })
  it("§9 a snapshot is named by the event it ends at, a schedule's request by the schedule", () => {
    expect([snapshotId("evt_1"), snapshotId(undefined), scheduleRequestId("n")]).toEqual([
      "snap_evt_1",
      "snap_empty",
      "schedule-n",
    ])
  })
  it("§9 §18.2 ids that callers have taken ahead of their turn are passed over, and beyond a few the caller must choose", () => {
    const desk = new Desk()
    for (let i = 2; i < 6; i++) desk.must(submit({ job_id: generatedJobId("rpi.run", 3 + i) }))
    expect(desk.must(submit())[0]?.job_id).toBe("job_rpi_run_000009")
    for (let i = 0; i < 200; i++) desk.must(submit({ job_id: generatedJobId("rpi.run", 100 + i) }))
    expect(desk.refusal(submit())).toMatch(/is needed/)
    expect(utf8Bytes(generatedJobId("rpi.run", 1))).toBeLessThan(256)
  })
})
