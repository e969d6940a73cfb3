import { Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  cursorOf,
  encodeDocument,
  healthDocument,
  limitOf,
  positionIn,
  readiness,
  readPlansSnapshot,
  replayOf,
  schedules,
} from "../src/index.ts"
import { Desk, start_ms } from "./support/desk.ts"
import { clean, corrupt_reason, ids, mixed, reading } from "./support/mixed.ts"

describe("§3 read routes", () => {
  it("§3.1 health is a constant and the time", () => {
    expect(healthDocument(start_ms)).toEqual({
      status: "ok",
      daemon: "agentopsd",
      read_only: true,
      now: "2026-04-28T12:00:00Z",
    })
  })
  it("§3.2 ready is whether no record is corrupt; an ignored snapshot is told and changes nothing else", () => {
    const { queue } = mixed()
    const lag = { last_event_id: "evt_job.accepted_e_000005", event_count: 5, corrupt_record_count: 0, degraded: false }
    expect(readiness(queue, clean)).toEqual({
      ready: true,
      ledger_replay_status: "complete",
      projection_status: "current",
      projection_lag: lag,
    })
    expect(readiness(queue, { corrupt_record_count: 2, ignored_snapshot: "why" })).toEqual({
      ready: false,
      ledger_replay_status: "corrupt",
      projection_status: "degraded",
      projection_lag: { ...lag, corrupt_record_count: 2, degraded: true },
      degraded_reasons: ["ignored stale projection snapshot: why", corrupt_reason],
    })
    expect(readiness(queue, { ...clean, ignored_snapshot: "why" })).toMatchObject({
      ready: true,
      projection_status: "current",
      degraded_reasons: ["ignored stale projection snapshot: why"],
    })
    expect(readiness(new Desk().queue, clean).projection_lag).toEqual({
      event_count: 0,
      corrupt_record_count: 0,
      degraded: false,
    })
  })
  it("§3.2 §18.3 what a store knows of itself: damage holds ready false and is named, until a repair has acknowledged it", () => {
    const corrupt = { position: 3, line_number: 3, error: "invalid json" }
    const archive = { file: "ledger.p1.jsonl.gz", error: "cannot be read" }
    const health = { torn_bytes: 0, corrupt: [corrupt], damage: [archive] }
    expect(replayOf(health)).toEqual({ corrupt_record_count: 1, damage: ["ledger.p1.jsonl.gz: cannot be read"] })
    const { queue } = mixed()
    expect(readiness(queue, replayOf({ ...health, corrupt: [] }))).toMatchObject({
      ready: false,
      projection_lag: { corrupt_record_count: 0, degraded: true },
      degraded_reasons: ["ledger.p1.jsonl.gz: cannot be read"],
    })
    const seen = { isAcknowledged: true }
    const repaired = { torn_bytes: 0, corrupt: [{ ...corrupt, ...seen }], damage: [{ ...archive, ...seen }] }
    expect(replayOf(repaired)).toEqual(clean)
    expect(readiness(queue, replayOf(repaired, "old"))).toMatchObject({ ready: true, projection_status: "current" })
    expect(replayOf(repaired, "old").ignored_snapshot).toBe("old")
  })
  it("§3.3 status has the queue and all projections; the ledger's last event is the last of any type", () => {
    const desk = mixed()
    desk.add("job.accepted", "typeless", {})
    desk.add("projection.rebuilt", "ops", {})
    desk.add("door.opened", "x", {})
    const status = desk.jobspec.status(desk.views(), reading)
    expect(Object.keys(status)).toEqual(["ready", "projection_lag", "queue", "projections"])
    expect(status.ready).toBe(true)
    expect(status.queue.last_event_id).toBe("evt_door.opened_x_000008")
    expect(status.projection_lag).toMatchObject({ event_count: 8, last_event_id: "evt_door.opened_x_000008" })
    expect(ids(status.queue.jobs)).toEqual(["r", "d", "w", "s", "e"])
    expect(ids(status.projections.jobs)).toEqual(["r", "d", "w", "s", "e", "typeless"])
  })
  it("§1.3 lists that were never filled are empty lists, and empty values that the contract omits are absent", () => {
    const status = new Desk().jobspec.status(new Desk().views(), reading)
    const text = encodeDocument(status)
    expect(text).not.toContain("null")
    expect(JSON.parse(text)).toMatchObject({
      queue: { jobs: [] },
      projections: {
        jobs: [],
        rpi: { runs: [] },
        dream: { runs: [] },
        wiki: { jobs: [] },
        openclaw: { snapshot_id: "snap_empty", resources: { runs: [], jobs: [], wiki: [] } },
        plans: { entries: [] },
        factory: {},
      },
    })
    expect(text).not.toContain("last_event_id")
  })
  it("§1.3 fields come in the contract's order, keys of maps in byte order, and what HTML would read is escaped", () => {
    const desk = new Desk()
    desk.add("job.accepted", "j1", {
      job_type: "eval.suite",
      job_payload: { "10": 1, "2": 1, b: "<&>\u2028", a: -0, Z: 1 },
      artifacts: { z: "1", A: "2" },
    })
    const text = encodeDocument(desk.jobspec.status(desk.views(), reading))
    expect(text).toContain('"payload":{"10":1,"2":1,"Z":1,"a":-0,"b":"\\u003c\\u0026\\u003e\\u2028"}')
    expect(text).toContain('"artifacts":{"A":"2","z":"1"}')
    expect(text).toMatch(
      /^\{"ready":true,"projection_lag":.*,"queue":\{"jobs":\[\{"job_id":"j1","job_type":"eval\.suite","request_id":/u,
    )
    expect(encodeDocument({ a: [], b: {}, c: undefined, d: [{}, [1]] })).toBe('{"a":[],"b":{},"d":[{},[1]]}\n')
    expect(JSON.stringify({ jobs: desk.jobspec.resources(desk.views()).jobs })).toContain('"resource_id":"j1"')
  })
  it("§3.4 the cursor is since, or after_id where that is blank", () => {
    expect([
      cursorOf({}),
      cursorOf({ since: " ", after_id: " b " }),
      cursorOf({ since: " a ", after_id: "b" }),
    ]).toEqual([undefined, "b", "a"])
  })
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["0", 0],
    [" 7 ", 7],
    ["+1", 1],
    ["-0", 0],
    ["1000", 1000],
    ["1001", 1000],
    ["9223372036854775807", 1000],
    ["9223372036854775808", "limit must be a non-negative integer"],
    ["-1", "limit must be a non-negative integer"],
    ["1.0", "limit must be a non-negative integer"],
    ["0x1", "limit must be a non-negative integer"],
    ["++1", "limit must be a non-negative integer"],
    ["one", "limit must be a non-negative integer"],
  ])("§3.4 a limit of %j is %j", (text, limit) => {
    const asked = limitOf(text)
    expect(Result.isSuccess(asked) ? asked.success : asked.failure).toBe(limit)
  })
  it("§3.4 an id of ours tells where it stands", () => {
    const [event] = mixed().events
    expect(positionIn(event?.event_id ?? "")).toBe(1)
    expect([positionIn("evt"), positionIn("evt_x_000000"), positionIn("evt_1234567"), positionIn("x_00001")]).toEqual([
      undefined,
      undefined,
      1_234_567,
      undefined,
    ])
  })
  it("§3.5 §12.6 §18.4 plans come from a stored snapshot alone; one that cannot be read is told", () => {
    const stored = JSON.stringify({
      schema_version: 1,
      plans: { project_id: "p", issue_prefix: "i", entries: [{ beads_id: "b" }, 5] },
      jobs: [{ job_id: "never used" }],
    })
    const plans = Result.getOrThrow(readPlansSnapshot(stored))
    const set = new Desk().jobspec.projectionSet(new Desk().views(), { ...reading, plans })
    expect(set.plans).toEqual({
      schema_version: 1,
      project_id: "p",
      issue_prefix: "i",
      entries: [{ beads_id: "b" }],
      rebuilt_at: "2026-04-28T12:01:30Z",
    })
    expect(set.jobs.length).toBe(0)
    const bad = (text: string) =>
      Result.match(readPlansSnapshot(text), { onSuccess: () => "", onFailure: (why) => why })
    expect(bad("{")).toMatch(/^invalid json: /)
    expect(bad("[]")).toMatch(/^invalid json: /)
    expect(bad('{"schema_version":2}')).toBe("schema_version mismatch: got 2 want 1")
    expect(Result.getOrThrow(readPlansSnapshot('{"schema_version":1}'))).toEqual({ entries: [] })
  })
  it("§3.6 §15.4 a schedule exists from its creation until its deletion, in the order of creation", () => {
    const desk = new Desk()
    const created = (name: string, template: object) => desk.add("schedule.created", "schedule", { name, template })
    created("a", { cron: "@daily", job_type: "rpi.run", payload: { goal: "x" }, timeout: 5e9 })
    created("b", {
      cron: "* * * * *",
      job_type: "wiki.forge",
      backpressure: { skip_if_running: true, max_queue_depth: 2 },
    })
    desk.add("schedule.deleted", "schedule", { name: "a" })
    created("c", {})
    created("a", { cron: "@hourly" })
    desk.add("schedule.deleted", "schedule", { name: "c" })
    desk.add("schedule.skipped", "schedule", { name: "never" })
    desk.add("schedule.fired", "sub", { name: "b", tick_at: "2026-04-28T12:00:00Z" })
    const views = desk.views()
    expect(schedules(views.schedules)).toEqual([
      {
        name: "b",
        cron: "* * * * *",
        job_type: "wiki.forge",
        backpressure: { skip_if_running: true, max_queue_depth: 2 },
      },
      { name: "a", cron: "@hourly", job_type: "", backpressure: { skip_if_running: false, max_queue_depth: 0 } },
    ])
    expect(views.schedules.get("b")?.last_tick_at).toBe("2026-04-28T12:00:00Z")
    expect(desk.jobspec.projectionSet(views, reading).schedules).toHaveLength(2)
    expect(new Desk().jobspec.projectionSet(new Desk().views(), reading)).not.toHaveProperty("schedules")
  })
})
