/** What the quickstart says once the job is settled. */
import type { RecordedEvent } from "@waybill/ledger"
import type { JobStatus } from "@waybill/workspace-job"
import { globSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { styleText } from "node:util"
import { oneLine, wrap } from "waybill"
import type { Receipt } from "./call.ts"
import { word } from "./shell.ts"

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
      const time = new Date(event.occurred_at).toISOString().slice(11, 23)
      const name = event.event_type.replace("workspace_job.", "").padEnd(27)
      return `  ${String(event.position).padStart(3)}  ${time}  ${name}${detailOf(event)}`.trimEnd()
    })
    .join("\n")

/** The checks that failed, for every verdict that said no. */
export const rejections = (events: ReadonlyArray<RecordedEvent>): string => {
  const verdicts = events.filter(({ event_type }) => event_type === "workspace_job.verifier_rejected")
  return verdicts
    .map(({ payload }, index) => {
      const { checks } = payload as { readonly checks: ReadonlyArray<Record<string, string>> }
      const said = checks
        .filter((check) => check["status"] === "failed")
        .map((check) => `  ✗ ${check["name"]}\n${wrap(check["message"] ?? "", 78, "      ")}`)
      return `${bold(`What the verifier said of attempt ${index + 1}`)}\n${said.join("\n")}`
    })
    .join("\n\n")
}

/** How anyone can check the result without us. Paths are as they are typed in the repository. */
export const checkYourself = ({
  delivered,
  facts,
  ledger,
  receipt,
  root,
  runId,
}: {
  readonly runId: string
  readonly delivered: string
  readonly ledger: string
  readonly receipt: Receipt
  readonly facts: number
  readonly root: string
}): string => {
  const digest = receipt.sha256.slice("sha256:".length)
  return [
    bold("Check it yourself"),
    `  The delivered file has this digest:`,
    `    sha256sum ${word(delivered)}`,
    `      ${digest}`,
    `  The fact that finalized it names the same one, so this prints a line:`,
    `    grep '"workspace_job.terminal_finalized"' ${word(ledger)} | grep ${digest} | tail -n 1`,
    `  All that is recorded of the job, ${facts} lines:`,
    `    grep ${runId} ${word(ledger)}`,
    `  What happened, in plain words:`,
    `    npm run --silent waybill -- explain ${runId} --root ${word(root)}`,
  ].join("\n")
}

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

/** What the agent that ran last printed to its standard error; at most its last three lines. */
const lastWords = (agentRuns: string): ReadonlyArray<string> => {
  const logs = globSync("*/stderr.log", { cwd: agentRuns }).map((name) => join(agentRuns, name))
  const [newest] = logs.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (newest === undefined) return []
  return readFileSync(newest, "utf8")
    .split("\n")
    .map(oneLine)
    .filter((line) => line !== "")
    .slice(-3)
}

/**
 * Why a job has no result, and what can be done.
 *
 * @param agentRuns the folder of the agents' runs
 * @param shown how a path is shown
 */
export const whyItFailed = (agentRuns: string, shown: (path: string) => string): string =>
  [
    ...lastWords(agentRuns).map((line) => wrap(line, 78, "  | ")),
    `  All that agents printed lies in ${shown(agentRuns)}.`,
    "  A job that has ended stays so: a changed package-lock.json is a new job,",
    "  and so is the same one with another --folder.",
  ].join("\n")
