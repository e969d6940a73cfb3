/**
 * Why a job failed, said to a consumer: the job joined with the diagnostics of exactly the agent run that it recorded.
 *
 * Computed on every read and never stored. It holds no id of an agent run, no exception's text and no path.
 *
 * @module
 */
import type { JobStatus } from "./JobView.ts"
import { failures, submit_reasons } from "./Failures.ts"
import type { Failure, TerminalArtifact, Check } from "./Values.ts"

export type Category =
  | "invalid_args"
  | "unknown_tool"
  | "runtime_policy"
  | "missing_execution_path"
  | "missing_material"
  | "missing_runtime_capability"
  | "rate_limited"
  | "budget"
  | "provider_failure"
  | "data_plane"
  | "tool_execution"
  | "declaration"
  | "verifier"
  | "interrupted"

/** Who can do something about it. */
export type Owner = "model" | "runtime" | "integrator" | "provider" | "tool_author"

interface Verdict {
  readonly category: Category
  readonly owner: Owner
  readonly retryable: boolean
}

/** What an agent run says about itself: tool calls that were rejected, and its end. */
export type Diagnostic =
  | {
      readonly kind: "tool_rejected"
      readonly tool: string
      readonly callId: string
      readonly reason: string
      readonly issues: ReadonlyArray<string>
    }
  | { readonly kind: "aborted"; readonly reason: string; readonly tool?: string }

export interface FailureExplanation extends Verdict {
  readonly phase: Failure["phase"]
  readonly code: string
  readonly reason: string
  readonly publicMessage: string
  /** The reason of the run's own end, where that decided. */
  readonly terminalReason?: string
  readonly diagnostics: ReadonlyArray<Diagnostic>
}

interface RequestSummary {
  readonly requestedBy: string
  readonly terminalSchemaId: string
  readonly idempotencyKey: string
  readonly attempt?: { readonly index: number; readonly maxAttempts: number; readonly cause: string }
}

/** What a consumer is shown of a job. */
export type Explanation =
  | { readonly status: "missing"; readonly runId: string }
  | {
      readonly status: "running" | "reconcile_required"
      readonly runId: string
      readonly request: RequestSummary
    }
  | {
      readonly status: "verified" | "verifier_rejected"
      readonly runId: string
      readonly request: RequestSummary
      readonly terminalArtifact: TerminalArtifact
      readonly checks: ReadonlyArray<Check>
      readonly summary?: string
    }
  | {
      readonly status: "failed"
      readonly runId: string
      readonly request: RequestSummary
      readonly failureExplanation: FailureExplanation
    }

/** One sentence per category, for the public. */
const messages: Record<Category, string> = {
  invalid_args: "The agent called a tool with arguments the tool does not take.",
  unknown_tool: "The agent called a tool that does not exist.",
  runtime_policy: "The agent asked for something the runtime's policy does not allow.",
  missing_execution_path: "A tool call had nobody to carry it out.",
  missing_material: "Something the work needs was not supplied.",
  missing_runtime_capability: "The work did not leave an artifact that the job could use.",
  rate_limited: "A service the work depends on asked to slow down.",
  budget: "The work used up what it was allowed to use.",
  provider_failure: "A service the work depends on failed.",
  data_plane: "The artifact could not be taken in or could not be stored and read back unchanged.",
  tool_execution: "A tool failed while it was running.",
  declaration: "The job's own declaration could not be evaluated.",
  verifier: "The verifier could not come to an answer.",
  interrupted: "The work was interrupted.",
}

const verdict = (category: Category, owner: Owner, retryable: boolean): Verdict => ({ category, owner, retryable })

const capability = verdict("missing_runtime_capability", "integrator", false)
const storage = verdict("data_plane", "integrator", true)
/** What leads to no file does so again until somebody changes what is left there. */
const refusedPath = verdict("data_plane", "integrator", false)
const fallback = verdict("tool_execution", "tool_author", false)

/** By the reason of an agent run's end. */
const submitVerdicts: Readonly<Record<string, Verdict>> = {
  invalid_args: verdict("invalid_args", "model", true),
  unknown_tool: verdict("unknown_tool", "model", true),
  policy_tool_already_executed: verdict("runtime_policy", "runtime", true),
  policy_tool_out_of_order: verdict("runtime_policy", "runtime", true),
  external_tool_without_receipt: verdict("missing_execution_path", "integrator", false),
  missing_emit_intent: capability,
  missing_await_projection: capability,
  undeclared_intent: capability,
  rate_limited: verdict("rate_limited", "runtime", true),
  budget_time: verdict("budget", "runtime", false),
  budget_tokens: verdict("budget", "runtime", false),
  provider_timeout: verdict("provider_failure", "provider", true),
  upstream_failure: verdict("provider_failure", "provider", true),
  retries: verdict("provider_failure", "provider", true),
  provider_http_failure: verdict("provider_failure", "provider", true),
  interrupted: verdict("interrupted", "runtime", true),
  client_disconnect: verdict("interrupted", "runtime", true),
}

const submitVerdict = (reason: string): Verdict => {
  if (reason.startsWith("material_missing:")) return verdict("missing_material", "integrator", false)
  if (reason.startsWith("invalid_quota_")) return verdict("budget", "runtime", false)
  return Object.hasOwn(submitVerdicts, reason) ? (submitVerdicts[reason] ?? fallback) : fallback
}

/** Codes of the data plane's phase and its neighbours that are the integrator's to mend, not the disk's. */
const capabilityCodes: ReadonlySet<string> = new Set(
  [
    failures.candidate_missing,
    failures.run_id_mismatch,
    failures.terminal_build_failed,
    failures.terminal_schema_mismatch,
    failures.build_not_reproducible,
    failures.artifact_too_large,
  ].map(({ code }) => code),
)

const byPhase = (failure: Failure): Verdict => {
  switch (failure.phase) {
    case "request":
      return verdict("declaration", "integrator", false)
    case "verify_infra":
      return verdict("verifier", "integrator", true)
    case "collect_candidate":
    case "finalize":
    case "data_plane":
    case "seed":
      if (failure.code === failures.path_refused.code) return refusedPath
      return capabilityCodes.has(failure.code) ? capability : storage
    default:
      return fallback
  }
}

const reasonsByCode: ReadonlyMap<string, string> = new Map([
  ...Object.values(failures).map(({ code, reason }) => [code, reason] as const),
  ...submit_reasons.map((reason) => [`workspace_job.submit.${reason}`, reason] as const),
])

/** A reason that is not in the catalogue is replaced by its code's own, so that no foreign text reaches a consumer. */
const knownReason = ({ code, reason }: Failure): string => {
  const own = reasonsByCode.get(code)
  return own ?? ([...reasonsByCode.values()].includes(reason) ? reason : "unknown")
}

/**
 * Explains a failure. The phase decides first: outside `submit` the fact's own code is the cause, and diagnostics of the
 * agent run, which ended well, are attached without being blamed. What the fact says of `retryable` is what is shown.
 */
export const explainFailure = (failure: Failure, diagnostics: ReadonlyArray<Diagnostic>): FailureExplanation => {
  const { code, phase } = failure
  const reason = knownReason(failure)
  const end = phase === "submit" ? diagnostics.find(({ kind }) => kind === "aborted") : undefined
  const derived = phase === "submit" ? submitVerdict(end?.reason ?? reason) : byPhase(failure)
  return {
    phase,
    code,
    reason,
    category: derived.category,
    owner: derived.owner,
    retryable: failure.retryable ?? derived.retryable,
    publicMessage: messages[derived.category],
    ...(end === undefined ? {} : { terminalReason: end.reason }),
    diagnostics,
  }
}

const summarize = ({ request }: Exclude<JobStatus, { status: "missing" }>): RequestSummary => {
  const { attempt, idempotencyKey, requestedBy, terminalSchemaId } = request
  return {
    requestedBy,
    terminalSchemaId,
    idempotencyKey,
    ...(attempt === undefined
      ? {}
      : { attempt: { index: attempt.index, maxAttempts: attempt.maxAttempts, cause: attempt.cause } }),
  }
}

/** The consumer's view of a job. `diagnostics` are those of the agent run that the job's failure names, or none. */
export const explain = (job: JobStatus, diagnostics: ReadonlyArray<Diagnostic> = []): Explanation => {
  if (job.status === "missing") return job
  const request = summarize(job)
  const { runId } = job
  switch (job.status) {
    case "running":
    case "reconcile_required":
      return { status: job.status, runId, request }
    case "failed":
      return { status: "failed", runId, request, failureExplanation: explainFailure(job.failed.failure, diagnostics) }
    default: {
      const { checks, status, summary, terminalArtifact } = job
      return { status, runId, request, terminalArtifact, checks, ...(summary === undefined ? {} : { summary }) }
    }
  }
}
