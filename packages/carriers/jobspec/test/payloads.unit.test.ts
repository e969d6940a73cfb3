import { describe, expect, it } from "vitest"
import type { JsonObject } from "@waybill/ledger"
import { contract_job_types, JobTypes, refusePayload } from "../src/index.ts"

const types = new JobTypes()
const refused = (type: string, payload: object) => types.refusePayload(type, payload as JsonObject)

describe("§14 the structural check of payloads", () => {
  it("§14 an empty payload passes for every type, and some types have no check", () => {
    for (const { name } of contract_job_types) expect(refused(name, {})).toBeUndefined()
    for (const name of ["wiki.build", "openclaw.snapshot", "llmwiki.loop", "eval.suite", "eval.skill-delta"])
      expect(refused(name, { schema_version: "x", run_id: 5 })).toBeUndefined()
  })
  it("§14 missing, unknown and null fields pass, and values are not judged", () => {
    expect(refused("rpi.run", { start_phase: 99, goal: null, placement: [1], job_type: "dream.run" })).toBeUndefined()
    expect(refused("wiki.forge", { source_paths: [null, "a"] })).toBeUndefined()
  })
  it("§14 an int has no fraction and fits 64 bits", () => {
    for (const ok of [1, 1.0, -0, 2 ** 53 + 2, -(2 ** 63), 2 ** 62])
      expect(refused("rpi.run", { max_phase: ok })).toBeUndefined()
    for (const bad of [1.5, 2 ** 63, -(2 ** 64), 1e300, "1", true, [1]])
      expect(refused("rpi.run", { max_phase: bad })).toBe("max_phase must be an integer")
  })
  it("§14 names match whatever their case", () => {
    expect(refused("rpi.run", { START_Phase: "x" })).toBe("start_phase must be an integer")
    expect(refused("rpi.run", { "bac\u212aend": 5, "comple\u017fity": "x" })).toBe("backend must be a string")
    expect(refused("rpi.run", { TEST_FIRST: "yes" })).toBe("test_first must be true or false")
  })
  it("§14 keys such as constructor and __proto__ are ordinary", () => {
    const odd = JSON.parse('{"constructor":5,"__proto__":{"goal":1},"toString":1}') as object
    expect(refused("rpi.run", odd)).toBeUndefined()
  })

  const wrong = { int: "x", string: 5 } as const
  const known: Readonly<Record<string, { readonly int: string; readonly string: string }>> = {
    "rpi.run": {
      int: "schema_version start_phase max_phase max_cycles",
      string:
        "job_type run_id goal epic_id execution_packet_path complexity backend gascity_city_name phase_timeout gate_policy landing_policy landing_branch bd_sync_policy failure_policy kill_switch_path",
    },
    "rpi.phase": {
      int: "schema_version phase attempt",
      string:
        "job_type run_id goal epic_id parent_run_job_id execution_packet_path phase_name backend gascity_city_name gascity_session_alias phase_timeout",
    },
    "dream.run": {
      int: "schema_version max_iterations",
      string: "job_type dream_run_id goal mode output_dir execution_timeout",
    },
    "dream.stage": {
      int: "schema_version iteration",
      string: "job_type dream_run_id iteration_id stage mode output_dir checkpoint_dir parent_job_id",
    },
    "wiki.forge": {
      int: "schema_version max_attempts",
      string: "job_type dream_run_id output_dir worker_kind provider model cwd quarantine_dir",
    },
    "factory.admission": { int: "schema_version", string: "job_type run_id mode" },
    "factory.local-pilot": { int: "schema_version max_cycles", string: "job_type run_id mode" },
    "plans.projection": {
      int: "schema_version",
      string: "job_type project_id issue_prefix refresh_trigger output_dir",
    },
    "skill.invoke": { int: "schema_version", string: "job_type skill_name" },
  }
  it.each(Object.keys(known))("§14 every known field of %s is checked", (type) => {
    const fields = known[type]
    for (const kind of ["int", "string"] as const)
      for (const name of fields?.[kind].split(" ") ?? []) {
        expect(refused(type, { [name]: wrong[kind] })).toBe(
          `${name} must be ${kind === "int" ? "an integer" : "a string"}`,
        )
        expect(refused(type, { [name]: kind === "int" ? 1 : "x" })).toBeUndefined()
      }
  })
  it.each([
    [{ args: "x" }, undefined],
    [{ args: ["a", "b"] }, undefined],
    [{ args: null }, undefined],
    [{ args: ["a", 5] }, "args[1] must be a string"],
    [{ args: { a: 1 } }, "args must be a string or list of strings"],
    [{ args: 5 }, "args must be a string or list of strings"],
  ])("§14 skill.invoke with %j", (payload, text) => expect(refused("skill.invoke", payload)).toBe(text))
  it.each([
    [{ work_order: 5 }, "work_order must be an object"],
    [{ work_order: { target: "x" } }, "work_order.target must be an object"],
    [{ work_order: { target: { id: 5 } } }, "work_order.target.id must be a string"],
    [{ work_order: { allowed_files: "x" } }, "work_order.allowed_files must be a list"],
    [{ work_order: { validation_commands: [1] } }, "work_order.validation_commands[0] must be a string"],
    [
      { work_order: { open_pr_blockers: [{ pr_number: "1" }] } },
      "work_order.open_pr_blockers[0].pr_number must be an integer",
    ],
    [
      { work_order: { open_pr_blockers: [{ files: [2] }] } },
      "work_order.open_pr_blockers[0].files[0] must be a string",
    ],
    [
      { work_order: { main_ci_baseline: { failed_jobs: {} } } },
      "work_order.main_ci_baseline.failed_jobs must be a list",
    ],
    [{ work_order: { schema_version: 1.5 } }, "work_order.schema_version must be an integer"],
    [{ handoff: { kind: 1 } }, "handoff.kind must be a string"],
    [
      { handoff: { epic_id: null, more: 5 }, work_order: { target: {}, open_pr_blockers: [], base_sha: "x" } },
      undefined,
    ],
  ])("§14 a factory payload with %j", (payload, text) => {
    expect(refused("factory.admission", payload)).toBe(text)
    expect(refused("factory.local-pilot", payload)).toBe(text)
  })
  it("§14 wiki.forge takes a list of texts", () => {
    expect(refused("wiki.forge", { source_paths: ["a"] })).toBeUndefined()
    expect(refused("wiki.forge", { source_paths: "a" })).toBe("source_paths must be a list")
  })
})

describe("§12.4 the registry", () => {
  it("§12.4 knows the fourteen types of the contract, the new name of one, and the settlement's", () => {
    expect(contract_job_types.map(({ name }) => name)).toEqual([
      "rpi.run",
      "rpi.phase",
      "dream.run",
      "dream.stage",
      "wiki.build",
      "wiki.forge",
      "factory.admission",
      "factory.local-pilot",
      "openclaw.snapshot",
      "plans.projection",
      "llmwiki.loop",
      "eval.suite",
      "eval.skill-delta",
      "skill.invoke",
    ])
    expect(types.names.filter((name) => !contract_job_types.some((type) => type.name === name))).toEqual([
      "consumer.snapshot",
      "settlement.run",
    ])
  })
  it("§12.4 gives each type its default targets", () => {
    const daemon = ["daemon-status", "daemon-job-status"]
    expect(Object.fromEntries(contract_job_types.map(({ name }) => [name, types.targets(name)]))).toEqual({
      "rpi.run": ["rpi-registry", "openclaw-snapshot", ...daemon],
      "rpi.phase": ["rpi-registry", "openclaw-snapshot", ...daemon],
      "dream.run": ["dream-runs", "openclaw-snapshot", ...daemon],
      "dream.stage": ["dream-runs", "openclaw-snapshot", ...daemon],
      "wiki.build": ["wiki-jobs", "openclaw-snapshot", ...daemon],
      "wiki.forge": ["wiki-jobs", "openclaw-snapshot", ...daemon],
      "factory.admission": daemon,
      "factory.local-pilot": daemon,
      "openclaw.snapshot": ["openclaw-snapshot", ...daemon],
      "plans.projection": ["plans-manifest", ...daemon],
      "llmwiki.loop": daemon,
      "eval.suite": daemon,
      "eval.skill-delta": daemon,
      "skill.invoke": daemon,
    })
  })
  it("a host adds its own, with a shape or a check of its payload", () => {
    const own = new JobTypes([
      { name: "report.build", family: "wiki", payload: { pages: "int" } },
      { name: "report.send", payload: ({ to }) => (to === undefined ? "to is required" : undefined) },
    ])
    expect(own.refusePayload("report.build", { pages: "x" })).toBe("pages must be an integer")
    expect(own.refusePayload("report.send", { from: "me" })).toBe("to is required")
    expect(own.refusePayload("report.send", {})).toBeUndefined()
    expect([own.family("report.build"), own.targets("report.send")]).toEqual([
      "wiki",
      ["daemon-status", "daemon-job-status"],
    ])
    expect(own.version).not.toBe(types.version)
    expect(new JobTypes().version).toBe(types.version)
  })
  it.each(["", "a b", ".a", "a.", "a..b", "x".repeat(129), "ä.b"])("%j cannot name a type", (name) => {
    expect(() => new JobTypes([{ name }])).toThrow(TypeError)
  })
  it("no type is registered twice", () => expect(() => new JobTypes([{ name: "rpi.run" }])).toThrow(/twice/))
  it("lists of objects are checked item by item", () => {
    const shape = { rows: { list: { object: { n: "int" } } } } as const
    expect(refusePayload(shape, { rows: [{ n: 1 }, { N: "x" }] })).toBe("rows[1].n must be an integer")
    expect(refusePayload(shape, { rows: [5] })).toBe("rows[0] must be an object")
  })
})
