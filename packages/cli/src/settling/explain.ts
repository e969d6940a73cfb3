/**
 * What happened in a run, attempt by attempt.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { foldAll, type Store } from "@waybill/ledger"
import {
  type Category,
  explain as explainStatus,
  explainFailure,
  type Job,
  jobStatus,
  Jobs,
  type JobStatus,
} from "@waybill/workspace-job"
import { Effect } from "effect"
import { findJob, streamOf } from "../jobs/askJob.ts"
import { refuseNowhere } from "../Nowhere.ts"
import { openStore, runOnFiles } from "../Opening.ts"
import { tellDamage } from "../keeping/damage.ts"
import { commandAbout, commandLine, type Place } from "../Place.ts"
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

/** A job that was submitted and not settled: there is something to know of it, elsewhere. */
const noRunYet = (jobId: string, place: Place) =>
  new CommandError({
    exit: "NOT_FOUND",
    code: "RUN_NOT_FOUND",
    message: `${jobId} is a job of the queue, and no run.`,
    suggestion: `See where it stands with: ${commandAbout(jobId, place, "job", "status")}`,
  })

/** A program that failed, or could not be started, does so again under the same words. */
const hopeOf = (category: Category): string =>
  category === "tool_execution" || category === "verifier"
    ? " A new run may succeed once that is put right."
    : " A new run may succeed."

const wordsOf = (status: JobStatus, note?: string): string => {
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
      const { category, publicMessage, retryable } = explainFailure(status.failed.failure, [])
      const why =
        note === undefined ? publicMessage : `${publicMessage.replace(/\.$/u, "")}: ${note.replace(/\.$/u, "")}.`
      return `The run ended without a verdict. ${why}${retryable ? hopeOf(category) : ""}`
    }
  }
}

const nextOf = (status: JobStatus, place: Place): string => {
  switch (status.status) {
    case "verified":
      return commandAbout(status.runId, place, "deliver")
    case "running":
      return commandAbout(status.runId, place, "job", "status")
    default:
      return commandAbout(status.runId, place, "logs")
  }
}

interface Found {
  readonly told: Explained
  readonly status: JobStatus
  readonly job: Job | undefined
}

/** What the facts of one run say of it; `undefined` for a run that nobody asked for. Reads those facts, and no others. */
export const explainRun = (store: Store, runId: string, place: Place) =>
  Effect.map(streamOf(store, runId), (events): Found | undefined => {
    const runs = foldAll(Jobs, events)
    const status = jobStatus(runs, runId)
    if (status.status === "missing") return undefined
    const job = runs.get(runId)
    const told: Explained = {
      run_id: runId,
      status: status.status,
      in_words: wordsOf(status),
      attempts: attemptsOf(job),
      explanation: explainStatus(status),
      anomalies: runs.anomalies(runId),
      next_command: nextOf(status, place),
    }
    return { told, status, job }
  })

/** The same, with what is kept of why attempts failed. */
const withNotes = ({ job, status, told }: Found, place: Place, ctx: Context) =>
  Effect.gen(function* () {
    if (told.attempts.every(({ failure }) => failure === undefined)) return told
    const { agentNotes } = yield* Effect.promise(() => import("./agentNotes.ts"))
    const notes = yield* agentNotes(job, place, ctx)
    const attempts = told.attempts.map((attempt) => {
      const note = notes.get(attempt.attempt)
      return note === undefined ? attempt : { ...attempt, note }
    })
    return { ...told, in_words: wordsOf(status, attempts.at(-1)?.note), attempts }
  })

const isUnsettled = (found: Found | undefined): boolean =>
  found === undefined || found.told.status === "running" || found.told.status === "reconcile_required"

export const explain = async (runId: string, place: Place, ctx: Context): Promise<Explained> => {
  refuseNowhere(place)
  return runOnFiles(
    Effect.gen(function* () {
      const store = yield* openStore(place, "read")
      const found = yield* explainRun(store, runId, place)
      yield* tellDamage(store, isUnsettled(found), place, ctx)
      if (found !== undefined) return yield* withNotes(found, place, ctx)
      const isJob = (yield* findJob(store, runId)) !== undefined
      return yield* Effect.fail(isJob ? noRunYet(runId, place) : noSuchRun(runId, place))
    }),
    ctx.signal,
  )
}
