/** Who is to blame for a failure, as a consumer is told, and the catalogue of failures that facts can hold. */
import { foldAll } from "@waybill/ledger"
import { describe, expect, it } from "vitest"
import {
  type Category,
  type Diagnostic,
  explain,
  explainFailure,
  type Failure,
  failures,
  Jobs,
  jobStatus,
  type Owner,
  Settlement,
  submit_reasons,
  submitFailure,
} from "../src/index.ts"
import { accept, failed, firstAttempt, passed, recordedAt, reject, submitRunId } from "./support/attempts.ts"

it("the catalogue is pinned: phase, code, reason, and whether a repetition may help", () =>
  expect({ failures, submit: submit_reasons.map(submitFailure) }).toMatchSnapshot())

const ended = (reason: string): Diagnostic => ({ kind: "aborted", reason })
const rejectedCall: Diagnostic = {
  kind: "tool_rejected",
  tool: "write_file",
  callId: "call-1",
  reason: "invalid_args",
  issues: ["path is missing"],
}
const submit: Failure = { phase: "submit", code: "workspace_job.submit.tool_error", reason: "tool_error" }

type Row = readonly [category: Category, owner: Owner, retryable: boolean]

describe("the phase decides first: outside submit the fact's own code is the cause", () => {
  it.each<readonly [keyof typeof failures, ...Row]>([
    ["submit_spec_builder_failed", "declaration", "integrator", false],
    ["repair_decision_failed", "declaration", "integrator", false],
    ["seed_write_failed", "data_plane", "integrator", true],
    ["runtime_projection_missing", "tool_execution", "tool_author", false],
    ["candidate_missing", "missing_runtime_capability", "integrator", false],
    ["run_id_mismatch", "missing_runtime_capability", "integrator", false],
    ["terminal_build_failed", "missing_runtime_capability", "integrator", false],
    ["terminal_schema_mismatch", "missing_runtime_capability", "integrator", false],
    // The category alone would say no; the fact says yes, and the fact is what is shown.
    ["build_not_reproducible", "missing_runtime_capability", "integrator", true],
    ["artifact_too_large", "missing_runtime_capability", "integrator", false],
    ["terminal_write_failed", "data_plane", "integrator", true],
    ["terminal_read_failed", "data_plane", "integrator", true],
    ["readback_mismatch", "data_plane", "integrator", true],
    ["artifact_changed", "data_plane", "integrator", true],
    ["path_refused", "data_plane", "integrator", false],
    ["verifier_failed", "verifier", "integrator", true],
    ["verifier_timeout", "verifier", "integrator", true],
  ])("%s is %s, for the %s", (reason, category, owner, retryable) => {
    const { code, phase } = failures[reason]
    expect(explainFailure(failures[reason], [])).toMatchObject({ phase, code, reason, category, owner, retryable })
  })

  it("[W-26] a tool call that the run survived is attached, and not blamed for a full disk", () => {
    const explanation = explainFailure(failures.terminal_write_failed, [rejectedCall, ended("budget_time")])
    expect(explanation).toMatchObject({ category: "data_plane", owner: "integrator", retryable: true })
    expect(explanation.diagnostics).toEqual([rejectedCall, ended("budget_time")])
    expect(explanation).not.toHaveProperty("terminalReason")
  })

  it.each<readonly [Failure["phase"], ...Row]>([
    ["request", "declaration", "integrator", false],
    ["seed", "data_plane", "integrator", true],
    ["collect_candidate", "data_plane", "integrator", true],
    ["finalize", "data_plane", "integrator", true],
    ["data_plane", "data_plane", "integrator", true],
    ["verify_infra", "verifier", "integrator", true],
  ])("a code that nobody knows, in %s, where the fact is silent on repeating, is %s, for the %s", (phase, ...row) => {
    const { category, owner, retryable } = explainFailure({ phase, code: "x.y", reason: "r" }, [])
    expect([category, owner, retryable]).toEqual(row)
  })

  it("a phase that nothing is recorded under yet is the tool author's", () =>
    expect(explainFailure({ phase: "projection", code: "c", reason: "r" }, [])).toMatchObject({
      category: "tool_execution",
      owner: "tool_author",
      retryable: false,
      reason: "unknown",
    }))
})

describe("in submit, the end of the run decides", () => {
  it.each<readonly [string, ...Row]>([
    ["invalid_args", "invalid_args", "model", true],
    ["unknown_tool", "unknown_tool", "model", true],
    ["policy_tool_already_executed", "runtime_policy", "runtime", true],
    ["policy_tool_out_of_order", "runtime_policy", "runtime", true],
    ["external_tool_without_receipt", "missing_execution_path", "integrator", false],
    ["material_missing:brief", "missing_material", "integrator", false],
    ["missing_emit_intent", "missing_runtime_capability", "integrator", false],
    ["missing_await_projection", "missing_runtime_capability", "integrator", false],
    ["undeclared_intent", "missing_runtime_capability", "integrator", false],
    ["rate_limited", "rate_limited", "runtime", true],
    ["budget_time", "budget", "runtime", false],
    ["budget_tokens", "budget", "runtime", false],
    ["invalid_quota_tokens", "budget", "runtime", false],
    ["provider_timeout", "provider_failure", "provider", true],
    ["upstream_failure", "provider_failure", "provider", true],
    ["retries", "provider_failure", "provider", true],
    ["provider_http_failure", "provider_failure", "provider", true],
    ["interrupted", "interrupted", "runtime", true],
    ["client_disconnect", "interrupted", "runtime", true],
    ["tool_error", "tool_execution", "tool_author", false],
    ["never heard of", "tool_execution", "tool_author", false],
    ["constructor", "tool_execution", "tool_author", false],
  ])("%s is %s, for the %s", (reason, category, owner, retryable) => {
    const explanation = explainFailure(submit, [rejectedCall, ended(reason)])
    expect(explanation).toMatchObject({ category, owner, retryable, terminalReason: reason, reason: "tool_error" })
  })

  it.each<readonly [(typeof submit_reasons)[number], ...Row]>([
    ["budget_tokens", "budget", "runtime", true],
    ["budget_time", "budget", "runtime", true],
    ["tool_error", "tool_execution", "tool_author", true],
    ["upstream_failure", "provider_failure", "provider", true],
    ["retries", "provider_failure", "provider", true],
    ["client_disconnect", "interrupted", "runtime", true],
    ["interrupted", "interrupted", "runtime", false],
  ])(
    "without a word from the run, the fact's own reason does: %s is %s, for the %s",
    (reason, category, owner, retryable) => {
      const explanation = explainFailure(submitFailure(reason), [])
      // What the fact says of repeating is what is shown, whatever the category would say.
      expect(explanation).toMatchObject({ category, owner, retryable, reason })
      expect(explanation).not.toHaveProperty("terminalReason")
    },
  )

  it("[W-26] what the fact says of repeating is never contradicted", () => {
    for (const retryable of [true, false])
      expect(explainFailure({ ...submit, retryable }, [ended("budget_time")]).retryable).toBe(retryable)
  })
})

describe("[W-26] no foreign text reaches a consumer", () => {
  const leak = "/srv/ada/secret: ENOENT"
  it("a reason that is not in the catalogue is replaced by its code's own", () =>
    expect(explainFailure({ ...failures.verifier_failed, reason: leak }, []).reason).toBe("verifier_failed"))
  it("under a code that nobody knows, only a reason of the catalogue is shown", () => {
    expect(explainFailure({ phase: "seed", code: "x.y", reason: leak }, []).reason).toBe("unknown")
    expect(explainFailure({ phase: "seed", code: "x.y", reason: "path_refused" }, []).reason).toBe("path_refused")
    expect(explainFailure({ phase: "submit", code: "x.y", reason: "retries" }, []).reason).toBe("retries")
  })
  it("the public sentence is one of the category's, whatever the cause was", () => {
    const sentences = [...submit_reasons.map(submitFailure), ...Object.values(failures)].map(
      (failure) => explainFailure({ ...failure, reason: leak }, [ended(leak)]).publicMessage,
    )
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][a-z' ]+\.$/u)
    expect(new Set(sentences).size).toBeGreaterThan(3)
  })
  it("one sentence per category, all different", () => {
    const causes: ReadonlyArray<readonly [Failure, string]> = [
      ...[
        "invalid_args",
        "unknown_tool",
        "policy_tool_out_of_order",
        "external_tool_without_receipt",
        "material_missing:x",
        "rate_limited",
        "budget_time",
        "retries",
        "tool_error",
        "interrupted",
      ].map((reason) => [submit, reason] as const),
      ...[
        failures.candidate_missing,
        failures.readback_mismatch,
        failures.repair_decision_failed,
        failures.verifier_failed,
      ].map((failure) => [failure, ""] as const),
    ]
    const said = new Map(
      causes.map(([failure, reason]) => {
        const { category, publicMessage } = explainFailure(failure, [ended(reason)])
        return [category, publicMessage] as const
      }),
    )
    expect(said.size).toBe(14)
    expect(new Set(said.values()).size).toBe(14)
    expect(Object.fromEntries(said)).toMatchSnapshot()
  })
})

describe("a job as a consumer sees it", () => {
  const { built, finalized, readback, requested, seeded, written } = firstAttempt()
  const steps = [requested, seeded, built, written, readback, finalized]
  const view = (...ends: ReadonlyArray<Parameters<typeof foldAll>[1] extends Iterable<infer E> ? E : never>) =>
    explain(jobStatus(foldAll(Jobs, [...steps, ...ends]), "run-1"), [rejectedCall])
  const request = {
    requestedBy: "a product",
    terminalSchemaId: "report/v1",
    idempotencyKey: "create-1",
    attempt: { index: 1, maxAttempts: 3, cause: "initial" },
  }
  const { terminalArtifact } = finalized.payload

  it("missing", () =>
    expect(explain(jobStatus(foldAll(Jobs, []), "run-1"))).toEqual({ status: "missing", runId: "run-1" }))
  it("running", () => expect(view()).toStrictEqual({ status: "running", runId: "run-1", request }))
  it("waiting for somebody to reconcile", () => {
    const job = jobStatus(foldAll(Jobs, steps), "run-1")
    if (job.status !== "running") throw new Error(job.status)
    expect(explain({ ...job, status: "reconcile_required", failure: submit })).toStrictEqual({
      status: "reconcile_required",
      runId: "run-1",
      request,
    })
  })
  it("verified", () => {
    const found = { status: "verified", runId: "run-1", request, terminalArtifact, checks: [passed] }
    expect(view(recordedAt(7, accept(finalized)))).toStrictEqual(found)
    expect(view(recordedAt(7, accept(finalized, "fine")))).toStrictEqual({ ...found, summary: "fine" })
  })
  it("rejected", () =>
    expect(view(recordedAt(7, reject(finalized)))).toStrictEqual({
      status: "verifier_rejected",
      runId: "run-1",
      request,
      terminalArtifact,
      checks: [failed],
      summary: "not complete",
    }))
  it("failed, with its explanation and without the agent run's id", () => {
    const end = recordedAt(7, Settlement.fail(requested, failures.verifier_timeout, submitRunId))
    const explanation = view(end)
    expect(explanation).toStrictEqual({
      status: "failed",
      runId: "run-1",
      request,
      failureExplanation: {
        phase: "verify_infra",
        code: "workspace_job.verifier_timeout",
        reason: "verifier_timeout",
        category: "verifier",
        owner: "integrator",
        retryable: true,
        publicMessage: "The verifier could not come to an answer.",
        diagnostics: [rejectedCall],
      },
    })
    expect(JSON.stringify(explanation)).not.toContain(submitRunId)
    expect(explain(jobStatus(foldAll(Jobs, [...steps, end]), "run-1"))).toMatchObject({
      failureExplanation: { diagnostics: [] },
    })
  })
  it("a request without attempt data has none to show, and one of a repair shows no event's id", () => {
    const { attempt: _, ...bare } = requested.payload
    const running = { status: "running", runId: "run-1", requestedEventId: "e1", attemptsLeft: 0 } as const
    expect(explain({ ...running, request: bare })).toMatchObject({ request: { idempotencyKey: "create-1" } })
    expect(explain({ ...running, request: bare })).not.toHaveProperty("request.attempt")
    const attempt = { index: 2, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: "e1" } as const
    expect(JSON.stringify(explain({ ...running, request: { ...bare, attempt } }))).not.toContain("e1")
  })
})
