/**
 * What happened in a run, attempt by attempt.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { Ledger } from "@waybill/ledger"
import { explain as explainStatus, jobStatus, Jobs, type JobStatus } from "@waybill/workspace-job"
import { Effect } from "effect"
import { runHere } from "../Opening.ts"
import { ledgerLayer } from "../Ledgers.ts"
import { tellDamage } from "../keeping/damage.ts"
import { commandLine, type Place } from "../Place.ts"
import { attemptsOf, type ShownAttempt } from "./Attempts.ts"

export interface Explained {
  readonly run_id: string
  readonly status: JobStatus["status"]
  /** The same in one sentence. */
  readonly in_words: string
  readonly attempts: ReadonlyArray<ShownAttempt>
  readonly explanation: object
  /** Facts that do not fit, listed beside the run. */
  readonly anomalies: ReadonlyArray<object>
  readonly next_command: string
}

export const noSuchRun = (runId: string, place: Place) =>
  new CommandError({
    exit: "NOT_FOUND",
    code: "RUN_NOT_FOUND",
    message: `There is no run ${runId} in the ledger of ${place.root}.`,
    suggestion: `List what there is with: ${commandLine(place, "list")}`,
  })

const wordsOf = (status: JobStatus): string => {
  switch (status.status) {
    case "missing":
      return "Nobody asked for this run."
    case "running":
      return "The run has no verdict yet: it is being worked on, or waits for the same call to be made again."
    case "verified":
      return `The verifier accepted exactly these bytes: ${status.terminalArtifact.sha256}; deliver checks them once more.`
    case "verifier_rejected":
      return `The verifier said no${status.summary === undefined ? "" : ` (${status.summary})`}; ${status.attemptsLeft === 0 ? "no attempt is left" : `${status.attemptsLeft} attempts are left`}.`
    case "reconcile_required":
      return "The run waits for its host to say what became of it."
    case "failed": {
      const { publicMessage, retryable } = (
        explainStatus(status) as {
          readonly failureExplanation: { readonly publicMessage: string; readonly retryable: boolean }
        }
      ).failureExplanation
      return `The run ended without a verdict. ${publicMessage}${retryable ? " A new run may succeed." : ""}`
    }
  }
}

const nextOf = (status: JobStatus, place: Place): string => {
  switch (status.status) {
    case "verified":
      return commandLine(place, "deliver", status.runId)
    case "running":
      return commandLine(place, "job", "status", encodeURIComponent(status.runId))
    default:
      return commandLine(place, "logs", status.runId)
  }
}

export const explain = (runId: string, place: Place, ctx: Context): Promise<Explained> => {
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    const found = yield* ledger.query(Jobs, (view) => ({
      status: jobStatus(view, runId),
      attempts: attemptsOf(view.get(runId)),
      anomalies: view.anomalies(runId),
    }))
    const { status } = found.status
    yield* tellDamage(
      ledger,
      status === "missing" || status === "running" || status === "reconcile_required",
      place,
      ctx,
    )
    if (status === "missing") return yield* Effect.fail(noSuchRun(runId, place))
    return {
      run_id: runId,
      status,
      in_words: wordsOf(found.status),
      attempts: found.attempts,
      explanation: explainStatus(found.status),
      anomalies: found.anomalies,
      next_command: nextOf(found.status, place),
    }
  })
  return runHere(Effect.provide(program, ledgerLayer(place)), ctx.signal)
}
