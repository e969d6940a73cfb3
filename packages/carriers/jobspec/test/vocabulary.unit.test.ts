import { decodeLine, encodeLine, Fold, formatTime, jsonEqual, parseTime, Vocabulary } from "@waybill/ledger"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  agentUpdateFacts,
  ArtifactRef,
  event_types,
  eventDocument,
  factoryFacts,
  isKnownType,
  JobSpec,
  JobSpecEvents,
  jobStatusFrom,
  projectionFacts,
  refuseEnvelope,
  scheduleFacts,
  snapshotResult,
  vocabularies,
} from "../src/index.ts"
import { Schema } from "effect"
import { Desk, digest, recorded } from "./support/desk.ts"

const golden =
  '{"schema_version":1,"event_id":"evt_job_accepted_j1_000001","request_id":"r1","job_id":"j1","event_type":"job.accepted","occurred_at":"2026-11-20T23:19:56.55839054Z","actor":"ao-http:legacy","payload":{"job_payload":{},"job_type":"rpi.run","max_attempts":3,"projection_targets":["rpi-registry","openclaw-snapshot","daemon-status","daemon-job-status"]}}'

describe("the record", () => {
  it("§7.2 a line of the reference daemon is read, folded and written as it is", () => {
    const event = Result.getOrThrow(decodeLine(golden))
    expect(encodeLine(event)).toBe(golden)
    const job = new Fold(JobSpec.make().queue.projection).applyAll([{ ...event, position: 1 }]).get("j1")
    expect(job).toMatchObject({ status: "queued", job_type: "rpi.run", max_attempts: 3 })
    expect(refuseEnvelope({ ...event })).toBeUndefined()
  })
  it("§3.4 an event is served with its eight keys in order, an empty payload left out", () => {
    const event = { ...recorded(1, "job.accepted", "j1", {}), batch: [0, 2] as const }
    expect(Object.keys(eventDocument(event))).toEqual([
      "schema_version",
      "event_id",
      "request_id",
      "job_id",
      "event_type",
      "occurred_at",
      "actor",
    ])
    expect(eventDocument(recorded(1, "job.accepted", "j1", { a: 1 })).payload).toEqual({ a: 1 })
  })
  it("§1.4 times have up to nine digits and no trailing zeros; offsets are compared as instants", () => {
    expect(formatTime(Date.parse("2026-04-28T12:00:00.500Z"))).toBe("2026-04-28T12:00:00.5Z")
    expect(parseTime("2026-04-28T14:00:00.5+02:00")).toBe(parseTime("2026-04-28T12:00:00.500000000Z"))
  })
  const good = recorded(1, "job.accepted", "j1", {})
  it.each([
    [{ schema_version: undefined }, "schema_version mismatch: got 0 want 1"],
    [{ schema_version: 2 }, "schema_version mismatch: got 2 want 1"],
    [{ event_id: " " }, "event_id is required"],
    [{ request_id: "" }, "request_id is required"],
    [{ job_id: "" }, "job_id is required"],
    [{ event_type: "" }, "event_type is required"],
    [{ occurred_at: "" }, "occurred_at is required"],
    [{ actor: "\t" }, "actor is required"],
    [{ request_id: "a\nb" }, 'request_id "a\\nb" must not contain whitespace'],
    [{ event_type: "job.paused" }, 'invalid event type "job.paused"'],
    [{ occurred_at: "soon" }, /^invalid occurred_at: /],
    // The order of checks: the version before the names, the names in their order, the request id before the type.
    [{ schema_version: 3, event_id: "" }, "schema_version mismatch: got 3 want 1"],
    [{ event_id: "", actor: "" }, "event_id is required"],
    [{ request_id: "a b", event_type: "x" }, 'request_id "a b" must not contain whitespace'],
    [{ event_type: "x", occurred_at: "soon" }, 'invalid event type "x"'],
  ])("§7.3 an envelope with %j is refused in the contract's words", (change, text) => {
    expect(refuseEnvelope({ ...good, ...change })).toMatch(text)
  })
})

describe("the catalogue", () => {
  it("§8 knows 7 job, 2 projection, 12 factory, 4 schedule and 4 agent_update types", () => {
    const count = (prefix: string) => event_types.filter(({ event_type }) => event_type.startsWith(prefix)).length
    expect([
      count("job."),
      count("projection."),
      count("factory."),
      count("schedule."),
      count("agent_update."),
    ]).toEqual([7, 2, 12, 4, 4])
    expect(event_types.every(({ description }) => (description ?? "").endsWith("."))).toBe(true)
    expect(vocabularies.flatMap((v) => v.event_types).toSorted()).toEqual(
      event_types.map(({ event_type }) => event_type).toSorted(),
    )
  })
  it("§8 one key per accepted job, and no other event has one", () => {
    expect(event_types.filter(({ unique }) => unique !== undefined).map(({ event_type }) => event_type)).toEqual([
      "job.accepted",
    ])
    expect(JobSpecEvents.uniqueOf("job.accepted")).toBe("idempotency_key")
    expect(JobSpecEvents.uniqueOf("door.opened")).toBeUndefined()
  })
  it("§8 schedule events stand under the reserved id, all but the one that submits", () => {
    const at = "2026-04-28T12:00:00Z"
    expect(scheduleFacts.created.makeOrThrow("schedule", { name: "n", template: {} }).job_id).toBe("schedule")
    expect(scheduleFacts.skipped.makeOrThrow("schedule", { name: "n", reason: "r", tick_at: at }).job_id).toBe(
      "schedule",
    )
    expect(scheduleFacts.deleted.makeOrThrow("schedule", { name: "n", deleted_at: at }).job_id).toBe("schedule")
    expect(Result.isFailure(scheduleFacts.created.make("j1", { name: "n", template: {} }))).toBe(true)
    const fired = scheduleFacts.fired.makeOrThrow("0123456789abcdef", { name: "n", submission_id: "s", tick_at: at })
    expect(fired.job_id).toBe("0123456789abcdef")
  })
  it("§8 what executors, factories and operators tell is taken as it is", () => {
    expect(agentUpdateFacts.phase_start.makeOrThrow("j1", { run_id: "r", more: [1] }).payload).toEqual({
      run_id: "r",
      more: [1],
    })
    expect(factoryFacts.yield_observation.makeOrThrow("j1", { x: { y: null } }).payload).toEqual({ x: { y: null } })
    expect(projectionFacts.marked_stale.makeOrThrow("ledger-ops", {}).payload).toEqual({})
  })
  it("§8 an artifact reference has a path, 64 hex digits, a size and a time", () => {
    const is = Schema.is(ArtifactRef)
    const ref = { path: "a", sha256: "0".repeat(64), size: 0, written_at: "2026-04-28T12:00:00Z" }
    expect(is(ref)).toBe(true)
    for (const bad of [
      { path: "" },
      { sha256: "0" },
      { sha256: "g".repeat(64) },
      { size: -1 },
      { size: 0.5 },
      { written_at: "x" },
    ])
      expect(is({ ...ref, ...bad })).toBe(false)
  })
  it("§7.8 §18.3 a type that nobody knows is counted and skipped, and its job is left alone", () => {
    const desk = new Desk()
    desk.must({ kind: "submit", job_type: "rpi.run", job_id: "j1" })
    const before = desk.job("j1")
    desk.add("job.paused", "j1")
    desk.add("workspace_job.requested", "j1", { runId: "j1" })
    expect(desk.job("j1")).toBe(before)
    expect(desk.queue.skipped).toEqual({ unknown: 1, malformed: 0 })
    expect(desk.queue.events).toBe(3)
    expect(isKnownType("job.paused")).toBe(false)
  })
  it("§18.3 a job of a type that nobody registered is kept and counted, shown under the type that its facts name, and never claimed", () => {
    const desk = new Desk()
    desk.add("job.accepted", "new", { job_type: "no.such", job_payload: { a: 1 } })
    desk.must({ kind: "submit", job_type: "rpi.run", job_id: "j1" })
    expect(desk.job("new")).toMatchObject({ job_type: "", unknown_job_type: "no.such", payload: { a: 1 } })
    const status = desk.jobspec.status(desk.views(), { now_ms: 0, replay: { corrupt_record_count: 0 } })
    expect([...status.queue.jobs].map(({ job_id, job_type }) => [job_id, job_type])).toEqual([
      ["new", "no.such"],
      ["j1", "rpi.run"],
    ])
    expect([...status.projections.jobs].map(({ job_id, job_type }) => [job_id, job_type])).toEqual([
      ["new", "no.such"],
      ["j1", "rpi.run"],
    ])
    expect(desk.must({ kind: "claim_next", token_sha256: digest("t"), now_ms: 0 })[0]?.job_id).toBe("j1")
    expect(desk.refusal({ kind: "claim", job_id: "new", token_sha256: digest("t"), now_ms: 0 })).toMatch(/no claimable/)
    const later = new Desk(JobSpec.make({ jobTypes: [{ name: "no.such" }] }))
    for (const event of desk.events) later.record(event)
    expect(later.must({ kind: "claim_next", token_sha256: digest("t"), now_ms: 0 })[0]?.job_id).toBe("new")
  })
  it("the schemas that document the vocabulary are those that make it", () => {
    for (const type of event_types) expect(Vocabulary.jsonSchema(type)).toMatchObject({ title: type.event_type })
    expect(
      jsonEqual(Vocabulary.jsonSchema(event_types[0] ?? agentUpdateFacts.phase_start)["title"], "job.accepted"),
    ).toBe(true)
  })
})

describe("§12.5 the truth tables", () => {
  it.each([
    [{ terminal: "failed", lease: "fresh", isStale: true }, "failed"],
    [{ terminal: "completed", lease: "none", isStale: false }, "completed"],
    [{ lease: "fresh", isStale: true }, "degraded"],
    [{ lease: "fresh", isStale: false }, "running"],
    [{ lease: "expired", isStale: false }, "retry_waiting"],
    [{ lease: "none", isStale: false }, "queued"],
  ] as const)("§12.5 a job with %j is %s", (signs, status) => expect(jobStatusFrom(signs)).toBe(status))
  it.each([
    [{ replay: "corrupt", fileExists: true, isVersionSupported: true }, "degraded"],
    [{ replay: "complete", fileExists: false, isVersionSupported: true }, "missing"],
    [{ replay: "complete", fileExists: true, isVersionSupported: false }, "incompatible"],
    [{ replay: "complete", fileExists: true, isVersionSupported: true }, "serve"],
  ] as const)("§12.5 a snapshot with %j: %s", (signs, result) => expect(snapshotResult(signs)).toBe(result))
})
