/**
 * The answers of the commands around a run, as people read them. What others have said in them is made visible first.
 *
 * @module
 */
import { visible, visibleLines } from "@waybill/command"
import type { ShownAttempt } from "./Attempts.ts"
import type { Explained } from "./explain.ts"
import type { Logged, Printed } from "./logs.ts"
import type { Settled } from "./settle.ts"

const attemptText = (attempts: ReadonlyArray<ShownAttempt>): ReadonlyArray<string> =>
  attempts.flatMap(({ attempt, checks = [], failure, note, sha256, status, summary }) => [
    `  ${attempt}. ${failure === undefined ? status : `failed: ${visible(failure.code)}`}${summary === undefined ? "" : `: ${visible(summary)}`}`,
    ...(note === undefined ? [] : [`     ${visible(note)}`]),
    ...(sha256 === undefined ? [] : [`     ${sha256}`]),
    ...checks.flatMap((check) =>
      check.status === "failed"
        ? [`     ✗ ${visible(check.name)}${check.message === undefined ? "" : `: ${visible(check.message)}`}`]
        : [],
    ),
  ])

/** The answer of `settle`. */
export const settledText = ({ artifact, attempts, ledger, next_command, run_id: id, run_status }: Settled): string =>
  [
    `${run_status}: ${visible(id)}`,
    ...(artifact === null ? [] : [`  ${artifact.sha256}  ${artifact.bytes} bytes  ${visible(artifact.schema_id)}`]),
    "attempts",
    ...attemptText(attempts),
    `recorded in ${visible(ledger)}`,
    `next: ${visible(next_command)}`,
  ].join("\n")

/** Of a job that goes on elsewhere there is nothing to show yet. */
export const startedText = ({
  cancel_command,
  job_id,
  log_file,
  status,
  status_command,
}: Readonly<Record<string, unknown>>) =>
  [
    `${String(status)}: ${visible(String(job_id))}`,
    ...(typeof log_file === "string" ? [`log: ${visible(log_file)}`] : []),
    `ask: ${visible(String(status_command))}`,
    `cancel: ${visible(String(cancel_command))}`,
  ].join("\n")

/** The answer of `explain`. */
export const explainedText = ({ attempts, in_words, next_command, run_id: id, status }: Explained): string =>
  [
    `${status}: ${visible(id)}`,
    visible(in_words),
    "attempts",
    ...attemptText(attempts),
    `next: ${visible(next_command)}`,
  ].join("\n")

const printedText = (outputs: Readonly<Record<"stdout" | "stderr", Printed | null>>): ReadonlyArray<string> =>
  (["stdout", "stderr"] as const).flatMap((name) => {
    const said = outputs[name]
    if (said === null || said.text === "") return []
    const cut = said.omitted_bytes === 0 ? "" : ` (${said.omitted_bytes} bytes are not shown)`
    return [`  ${name}${cut}`, ...visibleLines(said.text).map((line) => `  | ${line}`)]
  })

/** The answer of `logs`. */
export const loggedText = ({ attempts }: Logged): string =>
  attempts
    .map(({ agent, attempt, failure, verifier }) =>
      [
        `attempt ${attempt}: agent ${agent.state}${agent.exit === null ? "" : `, ${agent.exit}`}`,
        ...(agent.note === null ? [] : [`  ${visible(agent.note)}`]),
        ...(failure === null || failure === agent.note ? [] : [`  failed: ${visible(failure)}`]),
        ...printedText(agent),
        ...verifier.printed.flatMap((printed) => [
          `verifier ${visible(printed.name)}: ${visible(printed.exit)}`,
          ...printedText(printed),
        ]),
        ...verifier.checks.map(
          ({ message, name, status }) =>
            `  ${status === "passed" ? "✓" : "✗"} ${visible(name)}${message === undefined ? "" : `: ${visible(message)}`}`,
        ),
      ].join("\n"),
    )
    .join("\n")
