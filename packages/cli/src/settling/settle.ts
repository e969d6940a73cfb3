/**
 * Settles one job in this process.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { Ledger } from "@waybill/ledger"
import { type Observer, type SettleError, settleJob, VerifierOutputs } from "@waybill/runtime"
import { type JobStatus, Jobs } from "@waybill/workspace-job"
import { Effect } from "effect"
import { basename } from "node:path"
import { runHere } from "../Opening.ts"
import { settlementLayer } from "../Settlements.ts"
import { jobCommands } from "../jobs/JobDescription.ts"
import { commandAbout, here, type Place, runIdFlag } from "../Place.ts"
import { attemptsOf, type ShownAttempt } from "./Attempts.ts"
import { declare, type SettleWords } from "./Declare.ts"
import { tellStarter } from "./Detached.ts"
import { keepFailures } from "./failureNotes.ts"
import { leftWords, type Standing, standingAfter } from "./left.ts"
import type { Warn } from "./Seeds.ts"
import { timeline } from "./Timeline.ts"
import { keepOutputs } from "./verifierOutputs.ts"

/** A settlement that has come to an end: its job's descriptor, and what it made. */
export interface Settled extends ReturnType<typeof jobCommands> {
  readonly job_id: string
  readonly status: "complete" | "failed"
  readonly terminal: true
  readonly run_id: string
  /** What the settlement came to; `status` says what that makes of the job. */
  readonly run_status: JobStatus["status"]
  readonly artifact: { readonly sha256: string; readonly bytes: number; readonly schema_id: string } | null
  readonly attempts: ReadonlyArray<ShownAttempt>
  readonly ledger: string
  readonly next_command: string
}

/** What a settlement came to, for the command's answer and in full. */
export interface Settlement {
  readonly data: Settled
  readonly status: JobStatus
}

const artifactOf = (status: JobStatus): Settled["artifact"] => {
  if (!("terminalArtifact" in status)) return null
  const { bytes, schemaId, sha256 } = status.terminalArtifact
  return { sha256, bytes, schema_id: schemaId }
}

/** What a settled job is answered with: the data, or the error that bears it. */
const answer = (data: Settled, status: JobStatus, place: Place, cause: string | undefined): Settled => {
  const { run_id } = data
  if (status.status === "verified") return data
  if (status.status === "verifier_rejected")
    throw new CommandError({
      exit: "VERIFIER_REJECTED",
      code: "VERIFIER_REJECTED",
      message: `The verifier rejected what run ${run_id} made: ${status.summary ?? "see the checks"}.`,
      suggestion: `See what it said with: ${commandAbout(run_id, place, "explain")}`,
      data,
      isResult: true,
    })
  const failure = status.status === "failed" ? status.failed.failure : undefined
  throw new CommandError({
    exit: "JOB_FAILED",
    code: "JOB_FAILED",
    message: `Run ${run_id} ended without a verdict: ${failure?.code ?? status.status}.`,
    ...(cause === undefined || cause === "" ? {} : { detail: cause }),
    suggestion: `See what was printed with: ${commandAbout(run_id, place, "logs")}`,
    data,
    isResult: true,
  })
}

/** What settling failed with, as whoever typed the words can use it. */
const inWords = (error: SettleError, runId: string, place: Place): SettleError | CommandError => {
  if (error._tag === "AgentError" && error.code === "folder_refused")
    return new CommandError({ exit: "UNAVAILABLE", code: "FOLDER_REFUSED", message: error.message, cause: error })
  if (error._tag !== "IdempotencyConflict") return error
  const { declared = "none", field, idempotencyKey, recorded = "none" } = error
  const what =
    field === "terminalSchemaId"
      ? `its --schema-id is ${recorded}, and not ${declared}`
      : "its agent, candidate, repair or verifiers are others, or there are other bytes in its seeds or its schema's file"
  return new CommandError({
    exit: "CONFLICT",
    code: "IDEMPOTENCY_CONFLICT",
    message: `The key ${JSON.stringify(idempotencyKey)} stands for other work: ${what}.`,
    detail: error.message,
    fix_required: "Use a new --key, or a new --run-id, for new work; or make the very call that it was asked for with.",
    suggestion: `See what became of it with: ${commandAbout(runId, place, "explain")}`,
    cause: error,
  })
}

/** What a settlement works with besides its words. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where paths in the words begin, and where verifiers run. */
  readonly cwd: string
  /** Aborting it stops the waiting; what was recorded stays, and the same call goes on from there. */
  readonly signal: AbortSignal
  /** Told each thing as it happens. */
  readonly observe: Observer
  /** Told the run's id before anything is done. */
  readonly onStart?: (runId: string) => void
  /** Told of what went wrong beside the settlement. */
  readonly warn?: Warn
}

/**
 * Settles one job in this process, as `waybill settle` does: asks for it, or joins it, and works on it until it has a verdict
 * or has failed.
 *
 * @throws CommandError for words that cannot be used, and whatever the ledger, the data plane or the agent failed with
 */
export const settleHere = (words: SettleWords, place: Place, around: Surroundings): Promise<Settlement> => {
  const { cwd, env, observe, onStart, signal } = around
  const program = Effect.gen(function* () {
    const job = yield* declare(words, env, cwd, around.warn)
    const ledger = yield* Ledger
    onStart?.(job.runId)
    const terminalPath = basename(job.candidatePath)
    const keepFailure = keepFailures(place, job.runId, (why) => around.warn?.("OUTPUT_NOT_KEPT", why))
    const observeAll: Observer = (event) => {
      keepFailure(event)
      observe(event)
    }
    const status = yield* Effect.mapError(
      settleJob(job, { terminalPath, actor: "waybill", observe: observeAll }),
      (error) => inWords(error, job.runId, place),
    )
    const attempts = yield* ledger.query(Jobs, (view) => attemptsOf(view.get(status.runId)))
    const next = status.status === "verified" ? "deliver" : "explain"
    const data: Settled = {
      job_id: status.runId,
      status: status.status === "verified" ? "complete" : "failed",
      terminal: true,
      ...jobCommands(status.runId, place),
      run_id: status.runId,
      run_status: status.status,
      artifact: artifactOf(status),
      attempts,
      ledger: ledger.where,
      next_command: commandAbout(status.runId, place, next),
    }
    return { data, status }
  })
  const keep = keepOutputs(place, (why) => around.warn?.("OUTPUT_NOT_KEPT", why))
  return runHere(
    program.pipe(Effect.provideService(VerifierOutputs, keep), Effect.provide(settlementLayer(place))),
    signal,
  )
}

/** Settles, and tells the caller of the command how it goes. */
export const settle = async (words: SettleWords, place: Place, ctx: Context): Promise<Settled> => {
  let cause: string | undefined
  let standing: Standing = "nothing"
  const tell = tellStarter(ctx.env)
  const show = timeline({
    log: ctx.log,
    progress: ctx.progress,
    failed: (detail) => {
      cause = detail
    },
  })
  const { data, status } = await settleHere(words, place, {
    env: ctx.env,
    cwd: here(),
    signal: ctx.signal,
    warn: ctx.warn,
    observe: (event) => {
      standing = standingAfter(standing, event)
      tell(event)
      show(event)
    },
    onStart: (runId) => {
      ctx.log(`run ${runId}; if this is cut off, the same call with ${runIdFlag(runId)} goes on from there`)
      const tellLeft = () => {
        const left = leftWords(standing, runId, place)
        if (left !== undefined) ctx.warn(left.code, left.message)
      }
      ctx.signal.addEventListener("abort", tellLeft, { once: true })
    },
  })
  return answer(data, status, place, cause)
}
