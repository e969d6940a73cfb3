/**
 * The payload fields that the contract knows, by job type (JobSpec v0 §14).
 *
 * @module
 */
import { fields, type PayloadShape } from "./PayloadShape.ts"

const strings = { list: "string" } as const

const work_order = fields({
  int: ["schema_version"],
  string: [
    "work_order_id",
    "generated_at",
    "expires_at",
    "base_sha",
    "landing_policy",
    "digest_policy",
    "unknown_evidence_policy",
  ],
  more: {
    target: { object: fields({ string: ["type", "id", "summary"] }) },
    allowed_files: strings,
    validation_commands: strings,
    open_pr_blockers: {
      list: { object: fields({ int: ["pr_number"], string: ["head_ref"], more: { files: strings } }) },
    },
    main_ci_baseline: {
      object: fields({ string: ["status", "run_id", "checked_at"], more: { failed_jobs: strings } }),
    },
  },
})

const factory = (int: ReadonlyArray<string>): PayloadShape =>
  fields({
    int,
    string: ["job_type", "run_id", "mode"],
    more: {
      work_order: { object: work_order },
      handoff: { object: fields({ string: ["kind", "execution_packet_path", "epic_id"] }) },
    },
  })

export const contract_payloads: Readonly<Record<string, PayloadShape>> = {
  "rpi.run": fields({
    int: ["schema_version", "start_phase", "max_phase", "max_cycles"],
    string: [
      "job_type",
      "run_id",
      "goal",
      "epic_id",
      "execution_packet_path",
      "complexity",
      "backend",
      "gascity_city_name",
      "phase_timeout",
      "gate_policy",
      "landing_policy",
      "landing_branch",
      "bd_sync_policy",
      "failure_policy",
      "kill_switch_path",
    ],
    more: { test_first: "bool" },
  }),
  "rpi.phase": fields({
    int: ["schema_version", "phase", "attempt"],
    string: [
      "job_type",
      "run_id",
      "goal",
      "epic_id",
      "parent_run_job_id",
      "execution_packet_path",
      "phase_name",
      "backend",
      "gascity_city_name",
      "gascity_session_alias",
      "phase_timeout",
    ],
  }),
  "dream.run": fields({
    int: ["schema_version", "max_iterations"],
    string: ["job_type", "dream_run_id", "goal", "mode", "output_dir", "execution_timeout"],
  }),
  "dream.stage": fields({
    int: ["schema_version", "iteration"],
    string: [
      "job_type",
      "dream_run_id",
      "iteration_id",
      "stage",
      "mode",
      "output_dir",
      "checkpoint_dir",
      "parent_job_id",
    ],
  }),
  "wiki.forge": fields({
    int: ["schema_version", "max_attempts"],
    string: ["job_type", "dream_run_id", "output_dir", "worker_kind", "provider", "model", "cwd", "quarantine_dir"],
    more: { source_paths: strings },
  }),
  "factory.admission": factory(["schema_version"]),
  "factory.local-pilot": factory(["schema_version", "max_cycles"]),
  "plans.projection": fields({
    int: ["schema_version"],
    string: ["job_type", "project_id", "issue_prefix", "refresh_trigger", "output_dir"],
  }),
  "skill.invoke": fields({
    int: ["schema_version"],
    string: ["job_type", "skill_name"],
    more: { args: "string or strings" },
  }),
}
