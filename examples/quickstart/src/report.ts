/** What the quickstart says once the job is settled. */
import type { Receipt } from "@waybill/data-plane"
import type { RecordedEvent } from "@waybill/ledger"
import type { JobStatus } from "@waybill/workspace-job"
import { styleText } from "node:util"
import { wrap } from "./display.ts"

const bold = (text: string): string => styleText("bold", text)

const detailOf = ({ payload }: RecordedEvent): string => {
  const { attempt, checks, failure, terminalArtifact } = payload as {
    readonly attempt?: { readonly index: number; readonly maxAttempts: number }
    readonly checks?: ReadonlyArray<{ readonly status: string }>
    readonly failure?: { readonly code: string }
    readonly terminalArtifact?: { readonly sha256: string }
  }
  if (attempt !== undefined) return `attempt ${attempt.index} of ${attempt.maxAttempts}`
  if (checks !== undefined)
    return `${checks.filter(({ status }) => status === "passed").length} of ${checks.length} checks passed`
  if (failure !== undefined) return failure.code
  return terminalArtifact === undefined ? "" : `${terminalArtifact.sha256.slice(0, 23)}…`
}

/** The facts of the run, one line each. */
export const timeline = (events: ReadonlyArray<RecordedEvent>): string =>
  events
    .map((event) => {
      const time = event.occurred_at.slice(11, 23).replace("Z", "").padEnd(12, "0")
      const name = event.event_type.replace("workspace_job.", "").padEnd(27)
      return `  ${String(event.position).padStart(3)}  ${time}  ${name}${detailOf(event)}`.trimEnd()
    })
    .join("\n")

/** The checks of every verdict that said no. */
export const rejections = (events: ReadonlyArray<RecordedEvent>): string =>
  events
    .filter(({ event_type }) => event_type === "workspace_job.verifier_rejected")
    .flatMap(({ payload }) => (payload as { readonly checks: ReadonlyArray<Record<string, string>> }).checks)
    .filter((check) => check["status"] === "failed")
    .map((check) => `  ✗ ${check["name"]}\n${wrap(check["message"] ?? "", 78, "      ")}`)
    .join("\n")

/** How anyone can check the result without us. Paths are relative to the repository. */
export const checkYourself = (delivered: string, ledger: string, receipt: Receipt): string =>
  [
    bold("Check it yourself"),
    `  sha256sum ${delivered}`,
    `    ${receipt.sha256.slice("sha256:".length)}`,
    `  grep terminal_finalized ${ledger} | tail -n 1`,
    `  grep -c workspace_job ${ledger}`,
  ].join("\n")

/** One line about how it ended. */
export const ending = (status: JobStatus): string => {
  switch (status.status) {
    case "verified":
      return styleText("green", `verified: ${status.checks.length} checks passed`)
    case "verifier_rejected":
      return styleText("red", `rejected: ${status.summary ?? ""}`)
    case "failed":
      return styleText("red", `failed: ${status.failed.failure.code}`)
    default:
      return status.status
  }
}
