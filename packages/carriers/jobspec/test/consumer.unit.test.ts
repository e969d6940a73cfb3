import { describe, expect, it } from "vitest"
import { consumerHealth, encodeDocument, refuseSnapshot, resource } from "../src/index.ts"
import { Desk } from "./support/desk.ts"
import { at, clean, corrupt_reason, mixed, reading, submit } from "./support/mixed.ts"

describe("§13 the consumer surface", () => {
  it("§13 health counts the resources and names the snapshot", () => {
    const desk = mixed()
    const views = desk.views()
    expect(Object.entries(consumerHealth(views, clean, at(90)))).toEqual([
      ["status", "ok"],
      ["ready", true],
      ["snapshot_id", "snap_evt_job.accepted_e_000005"],
      ["generated_at", "2026-04-28T12:01:30Z"],
      ["source", { ledger: ".agents/daemon/ledger.jsonl", last_event_id: "evt_job.accepted_e_000005" }],
      ["snapshot_status", "current"],
      ["resource_counts", { runs: 2, jobs: 5, wiki: 1 }],
    ])
    expect(consumerHealth(views, { corrupt_record_count: 1 }, at(0))).toMatchObject({
      ready: false,
      snapshot_status: "degraded",
      degraded_reasons: [corrupt_reason],
    })
    const { jobs, runs, wiki } = desk.jobspec.resources(views)
    expect([runs.length, jobs.length, wiki.length]).toEqual([2, 5, 1])
  })
  it("§13 every list has its kind; the wiki's ids are its own; a run is named in every list", () => {
    const desk = mixed()
    const snapshot = desk.jobspec.consumerSnapshot(desk.views(), reading)
    expect(Object.keys(snapshot)).toEqual([
      "schema_version",
      "snapshot_id",
      "generated_at",
      "source",
      "status",
      "resources",
    ])
    const of = (list: Iterable<{ resource_id: string; resource_kind: string; run_id?: string }>) =>
      [...list].map(({ resource_id, resource_kind, run_id }) => [resource_id, resource_kind, run_id])
    expect(of(snapshot.resources.runs)).toEqual([
      ["r", "run", "r"],
      ["d", "run", "d"],
    ])
    expect(of(snapshot.resources.jobs).slice(0, 3)).toEqual([
      ["r", "job", "r"],
      ["d", "job", "d"],
      ["w", "job", undefined],
    ])
    expect(of(snapshot.resources.wiki)).toEqual([["wiki-w", "wiki", undefined]])
  })
  it("§13 a resource has the contract's fields, its failure a message, and its provenance in order", () => {
    const desk = new Desk()
    desk.must(submit("a", "rpi.run", { request_id: "r1" }))
    desk.add("job.failed", "a", { artifacts: { z: "https://x/y", b: "out.txt" } })
    const entity = desk.views().jobs.get("a")
    if (entity === undefined) throw new Error("no job")
    expect(Object.entries(resource(entity, "run", desk.jobspec.jobTypes))).toEqual([
      ["resource_id", "a"],
      ["resource_kind", "run"],
      ["job_id", "a"],
      ["job_type", "rpi.run"],
      ["run_id", "a"],
      ["request_id", "r1"],
      ["request_ids", ["r1"]],
      ["status", "failed"],
      ["result_status", "failed"],
      ["failure", { code: "request_rejected", message: "" }],
      ["artifacts", { z: "https://x/y", b: "out.txt" }],
      ["projection_targets", ["rpi-registry", "openclaw-snapshot", "daemon-status", "daemon-job-status"]],
      ["created_at", "2026-04-28T12:00:00Z"],
      ["updated_at", "2026-04-28T12:00:02Z"],
      ["last_event_id", "evt_job.failed_a_000002"],
      [
        "provenance",
        [
          { rel: "source-event", kind: "daemon-ledger-event", event_id: "evt_job.failed_a_000002" },
          { rel: "source-job", kind: "daemon-job", job_id: "a" },
          { rel: "source-run", kind: "daemon-run", job_id: "a", run_id: "a" },
          { rel: "artifact", kind: "artifact", path: "out.txt", job_id: "a", run_id: "a", artifact: "b" },
          { rel: "artifact", kind: "artifact", uri: "https://x/y", job_id: "a", run_id: "a", artifact: "z" },
        ],
      ],
    ])
  })
  it("§13 a consumer refuses what breaks the contract, and nothing that only adds to it", () => {
    const desk = mixed()
    const good = JSON.parse(encodeDocument(desk.jobspec.consumerSnapshot(desk.views(), reading))) as {
      readonly resources: { readonly jobs: ReadonlyArray<object> }
    }
    expect(refuseSnapshot({ ...good, more: 1 })).toBeUndefined()
    const [job] = good.resources.jobs
    expect([
      refuseSnapshot(null),
      refuseSnapshot({ ...good, schema_version: 2 }),
      refuseSnapshot({ ...good, snapshot_id: "" }),
      refuseSnapshot({ ...good, generated_at: undefined }),
      refuseSnapshot({ ...good, source: {} }),
      refuseSnapshot({ ...good, status: "fine" }),
      refuseSnapshot({ ...good, resources: { runs: [job] } }),
      refuseSnapshot({ ...good, resources: { jobs: [{ ...job, status: "" }] } }),
      refuseSnapshot({ ...good, resources: { jobs: [{ ...job, resource_id: undefined }] } }),
      refuseSnapshot({ ...good, resources: { jobs: 5 } }),
      refuseSnapshot({ ...good, resources: { wiki: [5] } }),
    ]).toEqual([
      "a snapshot is one object",
      "schema_version mismatch: got 2 want 1",
      "snapshot_id is required",
      "generated_at is required",
      "source.ledger is required",
      'unknown status "fine"',
      "resources.runs[0] is of another kind than its list",
      "resources.jobs[0] lacks status",
      "resources.jobs[0] lacks resource_id",
      "resources.jobs is not a list",
      "resources.wiki[0] is not an object",
    ])
  })
})
