import { describe, expect, it } from "vitest"
import { consumer_names, type Manifest, manifestStatus, unknownTypes, projection_names } from "../src/index.ts"
import { Desk, digest } from "./support/desk.ts"
import { at, clean, corrupt_reason, ids, mixed, reading, submit } from "./support/mixed.ts"

const statuses = (manifests: Readonly<Record<string, Manifest>>) =>
  Object.fromEntries(Object.entries(manifests).map(([name, { status }]) => [name, status]))

describe("§12 projections", () => {
  it("§12.1 a set has the contract's fields in their order, and the jobs in their families", () => {
    const desk = mixed()
    const set = desk.jobspec.projectionSet(desk.views(), { ...reading, replay: { corrupt_record_count: 1 } })
    expect(Object.keys(set)).toEqual([
      "schema_version",
      "rebuilt_at",
      "source_ledger",
      "last_event_id",
      "manifests",
      "jobs",
      "rpi",
      "dream",
      "wiki",
      "openclaw",
      "plans",
      "factory",
      "degraded_reasons",
    ])
    expect([set.source_ledger, set.rebuilt_at]).toEqual([".agents/daemon/ledger.jsonl", "2026-04-28T12:01:30Z"])
    expect([ids(set.rpi.runs), ids(set.dream.runs), ids(set.wiki.jobs)]).toEqual([["r"], ["d"], ["w"]])
    expect(set.openclaw).toMatchObject({
      schema_version: 1,
      snapshot_id: "snap_evt_job.accepted_e_000005",
      generated_at: set.rebuilt_at,
      source: { ledger: set.source_ledger, last_event_id: set.last_event_id },
      status: "degraded",
    })
    const { jobs, runs, wiki } = set.openclaw?.resources ?? { jobs: [], runs: [], wiki: [] }
    expect([ids(runs), ids(jobs), ids(wiki)]).toEqual([["r", "d"], ["r", "d", "w", "s", "e"], ["w"]])
    expect([...runs][0]).not.toHaveProperty("resource_id")
  })
  it("§12.2 there are seven manifests, each with its labels", () => {
    const desk = mixed()
    const { manifests } = desk.jobspec.projectionSet(desk.views(), reading)
    expect(Object.entries(manifests).map(([name, { output_paths }]) => [name, output_paths])).toEqual([
      ["daemon-job-status", [".agents/daemon/projections/jobs.json"]],
      ["daemon-status", [".agents/daemon/projections/status.json"]],
      ["dream-runs", [".agents/overnight/*/summary.json", ".agents/overnight/*/summary.md"]],
      ["openclaw-snapshot", [".agents/daemon/projections/openclaw/latest.json"]],
      ["plans-manifest", [".agents/plans/*/manifest.jsonl"]],
      ["rpi-registry", [".agents/rpi/runs/*/phased-state.json"]],
      ["wiki-jobs", [".agents/wiki"]],
    ])
    expect(Object.entries(manifests["wiki-jobs"] ?? {})).toEqual([
      ["schema_version", 1],
      ["projection", "wiki-jobs"],
      ["source_ledger", ".agents/daemon/ledger.jsonl"],
      ["last_event_id", "evt_job.accepted_e_000005"],
      ["status", "current"],
      ["rebuilt_at", "2026-04-28T12:01:30Z"],
      ["output_paths", [".agents/wiki"]],
    ])
  })
  it("§12.5 what is marked stale is stale until it is rebuilt; the last one wins, unknown names are ignored", () => {
    const desk = new Desk()
    const stale = () => {
      const { manifests } = desk.jobspec.projectionSet(desk.views(), reading)
      return Object.entries(statuses(manifests)).flatMap(([name, status]) => (status === "stale" ? [name] : []))
    }
    desk.add("projection.marked_stale", "ops", { projection_targets: ["wiki-jobs", "nobody's", "consumer-snapshot"] })
    expect(stale()).toEqual(["openclaw-snapshot", "wiki-jobs"])
    desk.add("projection.rebuilt", "ops", { projection_targets: "wiki-jobs" })
    expect(stale()).toEqual(["openclaw-snapshot"])
    desk.add("projection.marked_stale", "ops", {})
    expect(stale()).toEqual([...projection_names])
    desk.add("projection.rebuilt", "ops", { projection_targets: ["nobody's"] })
    expect(stale()).toHaveLength(7)
    desk.add("projection.rebuilt", "ops", { projection_targets: [] })
    expect(stale()).toEqual([])
    expect(desk.queue.size).toBe(0)
  })
  it("§12.5 anything corrupt, or a snapshot that was ignored, degrades every manifest and says why", () => {
    const desk = mixed()
    desk.add("projection.marked_stale", "ops", {})
    for (const [replay, reasons] of [
      [{ corrupt_record_count: 1 }, [corrupt_reason]],
      [{ corrupt_record_count: 0, ignored_snapshot: "x" }, ["ignored stale projection snapshot: x"]],
      [{ corrupt_record_count: 0, more_reasons: ["archive y cannot be read"] }, ["archive y cannot be read"]],
    ] as const) {
      const set = desk.jobspec.projectionSet(desk.views(), { ...reading, replay })
      expect(new Set(Object.values(statuses(set.manifests)))).toEqual(new Set(["degraded"]))
      expect(Object.values(set.manifests).map(({ degraded_reasons }) => degraded_reasons)).toEqual(
        Array(7).fill(reasons),
      )
      expect(set.degraded_reasons).toEqual(reasons)
      expect(set.openclaw?.status).toBe("degraded")
    }
    expect(manifestStatus(desk.views().states, clean, consumer_names.projection)).toBe("stale")
  })
  it("§2 under its later name the consumer surface is the same, but for the names", () => {
    const desk = mixed()
    const old = desk.jobspec.projectionSet(desk.views(), reading)
    const set = desk.jobspec.projectionSet(desk.views(), { ...reading, names: consumer_names })
    expect(Object.keys(set).includes("openclaw")).toBe(false)
    expect(JSON.stringify(set.consumer)).toBe(JSON.stringify(old.openclaw))
    expect(Object.keys(set.manifests)[0]).toBe("consumer-snapshot")
    expect(set.manifests["consumer-snapshot"]).toMatchObject({
      projection: "consumer-snapshot",
      output_paths: [".agents/daemon/projections/consumer/latest.json"],
    })
  })
  it("§12.3 a job is shown without lease, attempt, payload and key, and an expired lease still runs", () => {
    const desk = mixed()
    desk.must({ kind: "claim", job_id: "r", token_sha256: digest("t"), now_ms: at(0) })
    const [job] = desk.jobspec.projectionSet(desk.views(), { ...reading, now_ms: at(999) }).jobs
    expect(Object.entries(job ?? {})).toEqual([
      ["job_id", "r"],
      ["job_type", "rpi.run"],
      ["request_id", "rr"],
      ["request_ids", ["rr"]],
      ["status", "running"],
      ["projection_targets", ["rpi-registry", "openclaw-snapshot", "daemon-status", "daemon-job-status"]],
      ["created_at", "2026-04-28T12:00:00Z"],
      ["updated_at", "2026-04-28T12:00:00Z"],
      ["last_event_id", "evt_job.claimed_r_000006"],
    ])
  })
  it("§12.3 after the end the last event, the time, the requests and the artifacts still move; status, result and failure stand", () => {
    const desk = new Desk()
    desk.must(submit("a", "rpi.run", { request_id: "r1" }))
    desk.add("job.failed", "a", { failure: { code: "lost", message: "m" } })
    desk.add("job.completed", "a", { artifacts: { late: "x" } }, { request_id: "late" })
    desk.add("agent_update.phase_start", "a", { artifacts: { never: "x" } })
    const [job] = desk.jobspec.projectionSet(desk.views(), reading).jobs
    expect(job).toMatchObject({
      status: "failed",
      result_status: "failed",
      failure: { code: "lost", message: "m" },
      artifacts: { late: "x" },
      request_ids: ["r1", "late"],
      last_event_id: "evt_job.completed_a_000003",
      updated_at: "2026-04-28T12:00:03Z",
    })
    expect(job?.artifacts).toEqual({ late: "x" })
  })
  it("§12.3 what the ends come to, and what a retry is", () => {
    const desk = new Desk()
    for (const [id, type] of [
      ["c", "job.completed"],
      ["f", "job.failed"],
      ["x", "job.cancelled"],
      ["w", "job.lease_expired"],
      ["h", "job.heartbeat"],
    ] as const) {
      desk.must(submit(id, "eval.suite"))
      desk.add(type, id)
    }
    const shown = [...desk.jobspec.projectionSet(desk.views(), reading).jobs]
    expect(shown.map(({ job_id, result_status, status }) => [job_id, status, result_status])).toEqual([
      ["c", "completed", "succeeded"],
      ["f", "failed", "failed"],
      ["x", "cancelled", "cancelled"],
      ["w", "retry_waiting", undefined],
      ["h", "running", undefined],
    ])
  })
  it("§12.3 §18.3 an unknown type stops nothing: the job stays, without a type, and is counted", () => {
    const desk = mixed()
    desk.add("job.accepted", "n", { job_type: "no.such" })
    const views = desk.views()
    expect(unknownTypes(views.jobs)).toBe(1)
    expect(ids(desk.jobspec.projectionSet(views, reading).jobs)).toContain("n")
  })
  it("§12.4 a ledger that has the later name of the snapshot's type is read like one with the first", () => {
    const desk = new Desk()
    desk.add("job.accepted", "s", { job_type: "consumer.snapshot" })
    expect(desk.job("s")).toMatchObject({
      job_type: "consumer.snapshot",
      projection_targets: ["consumer-snapshot", "daemon-status", "daemon-job-status"],
    })
  })
})
