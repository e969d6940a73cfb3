/**
 * One attempt, from its last recorded step to its end.
 *
 * Every step looks at what is recorded, does what is missing, and records it; so a crash anywhere is followed by going on,
 * and what was recorded is compared with what is found.
 *
 * @module
 */
import { type DataPlaneError, DataPlane, failureOf, type Handed, type StoredArtifact } from "@waybill/data-plane"
import { type InvalidFact, Ledger } from "@waybill/ledger"
import {
  type Attempt,
  attemptOf,
  type Failure,
  failures,
  isJobFact,
  type Kept,
  type NewJobFact,
  type Recorded,
  recording,
  Settlement,
  submitFailure,
  type StepName,
} from "@waybill/workspace-job"
import { Clock, Effect, type Result, Schedule } from "effect"
import { Agent, type AgentError, type AgentReceipt, type SubmitSpec } from "../agent/Agent.ts"
import { checkAnswer, type Verification, VerifierError } from "../verifier/Verifier.ts"
import type { Declared, JobDeclaration } from "./Declaration.ts"
import type { Observer, SettlementEvent, Step } from "./Observer.ts"
import { recordedFact } from "./recorded.ts"

/** Ends the attempt: the failure is recorded and nothing else happens. */
class AttemptFailed {
  readonly _tag = "AttemptFailed"
  readonly failure: Failure
  readonly submitRunId: string | undefined
  readonly detail: string
  constructor(failure: Failure, detail: string, submitRunId?: string) {
    this.failure = failure
    this.detail = detail
    this.submitRunId = submitRunId
  }
}

/** Host side of a settlement: what composition decides and a product cannot. */
export interface Composition {
  readonly actor: string
  readonly requestId: string
  /** Where the artifact lies within its attempt's own place. */
  readonly terminalPath: string
  readonly observe: Observer
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Evaluates something a product declared, whatever form it has. */
export const evaluate = <A>(declared: () => Declared<A>): Effect.Effect<A, unknown> =>
  Effect.suspend(() => {
    let value: Declared<A>
    try {
      value = declared()
    } catch (cause) {
      return Effect.fail(cause)
    }
    if (Effect.isEffect(value)) return value
    return value instanceof Promise
      ? Effect.tryPromise({ try: () => value, catch: (cause) => cause })
      : Effect.succeed(value)
  }).pipe(Effect.catchDefect((defect) => Effect.fail(defect)))

type WithoutTime<T> = T extends unknown ? Omit<T, "at_ms"> : never

export const tell = (observe: Observer, event: WithoutTime<SettlementEvent>): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at_ms) => observe({ ...event, at_ms } as SettlementEvent))

/** Records a fact; answers its recorded form. Being stale or settled means that another runner went on before us. */
export const record = <F extends NewJobFact>(made: Result.Result<F, InvalidFact>, composition: Composition) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const fact = yield* Effect.fromResult(made)
    const { actor, observe, requestId } = composition
    const [recorded] = yield* ledger.transact(recording, fact, { actor, requestId })
    if (recorded === undefined) return yield* Effect.die(new Error(`${fact.event_type} was not recorded`))
    yield* tell(observe, { kind: "recorded", fact: recorded })
    return recorded
  })

const backoff = Schedule.exponential("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 2 }))

/** Runs or resumes an attempt that has no end yet, until it has one. */
export const runAttempt = (
  job: JobDeclaration,
  attempt: Attempt,
  submitSpec: (workspace: string) => Declared<SubmitSpec>,
  composition: Composition,
) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const agent = yield* Agent
    const { runId } = attempt.request
    const requested = yield* recordedFact("requested", runId, attempt.requestedEventId)
    const { index } = attemptOf(requested.payload)
    const key = { runId, attempt: index }
    const { observe, terminalPath } = composition
    const step = (name: Step, state: "started" | "done" | "failed", detail?: string, bytes?: number) =>
      tell(observe, {
        kind: "step",
        attempt: index,
        step: name,
        state,
        ...(detail === undefined ? {} : { detail }),
        ...(bytes === undefined ? {} : { bytes }),
      })
    let submitRunId: string | undefined
    const failed = (failure: Failure, detail: string) => Effect.fail(new AttemptFailed(failure, detail, submitRunId))
    const orFail = <A, R>(name: Step, run: Effect.Effect<A, DataPlaneError, R>) =>
      Effect.catch(run, (error) =>
        Effect.andThen(step(name, "failed", error.message), failed(failureOf(error), error.message)),
      )
    const clock = yield* Clock.Clock
    const onProgress = (name: Step) => (bytes: number) =>
      observe({
        kind: "step",
        at_ms: clock.currentTimeMillisUnsafe(),
        attempt: index,
        step: name,
        state: "progress",
        bytes,
      })

    /** A recorded fact of a step, or the step itself and its new fact. */
    const once = <K extends StepName, E, R>(
      name: K,
      kept: Kept<unknown> | undefined,
      run: Effect.Effect<Result.Result<NewJobFact, InvalidFact>, E, R>,
    ) =>
      Effect.gen(function* () {
        if (kept !== undefined) return yield* recordedFact(name, runId, kept.eventId)
        const fact = yield* record(yield* run, composition)
        if (!isJobFact(name, fact)) return yield* Effect.die(new Error(`${name} was not recorded`))
        return fact
      })

    const seedAll = Effect.gen(function* () {
      if (index > 1 || attempt.seedWritten !== undefined) return
      yield* step("seed", "started")
      for (const { content, path } of job.seeds)
        yield* orFail(
          "seed",
          Effect.retry(plane.writeSeed(runId, path, content), {
            schedule: backoff,
            while: (error) => error._tag === "StorageFailed" || error._tag === "DeadlineExceeded",
          }),
        )
      yield* record(
        Settlement.seed(
          requested,
          job.seeds.map(({ path }) => path),
        ),
        composition,
      )
      yield* step("seed", "done", `${job.seeds.length} ${job.seeds.length === 1 ? "file" : "files"}`)
    })

    const submit: Effect.Effect<AgentReceipt, AttemptFailed | AgentError> = Effect.gen(function* () {
      const workspace = yield* orFail("agent", plane.workspace(runId))
      const { idempotencyKey } = requested.payload
      if (attempt.terminalBuildAttempted !== undefined) {
        // The run ended before the build was recorded: it is found again, never repeated.
        submitRunId = attempt.terminalBuildAttempted.payload.submitRunId
        const found = yield* agent.find(idempotencyKey)
        if (found === undefined || found.submitRunId !== submitRunId)
          return yield* failed(failures.runtime_projection_missing, "the agent run of the recorded build is not known")
        return found
      }
      const spec = yield* Effect.catch(
        evaluate(() => submitSpec(workspace)),
        (cause) => failed(failures.submit_spec_builder_failed, messageOf(cause)),
      )
      yield* step("agent", "started", spec.command.join(" "))
      const receipt = yield* agent.submit({
        key: idempotencyKey,
        runId,
        attempt: index,
        workspace,
        candidatePath: job.candidatePath,
        spec,
      })
      submitRunId = receipt.submitRunId
      if (!receipt.ok) {
        yield* step("agent", "failed", receipt.reason)
        return yield* failed(submitFailure(receipt.reason), receipt.diagnostics.note ?? receipt.reason)
      }
      yield* step("agent", "done")
      return receipt
    })

    const buildBytes = (receipt: AgentReceipt) =>
      Effect.scoped(
        Effect.gen(function* () {
          const candidate = yield* orFail("build", plane.candidate(runId, job.candidatePath))
          const { terminalSchemaId } = requested.payload
          const input = {
            runId,
            attempt: index,
            candidatePath: job.candidatePath,
            terminalSchemaId,
            candidate,
            receipt,
          }
          const built = yield* Effect.catch(
            evaluate(() => (job.build === undefined ? { source: candidate.stream } : job.build(input))),
            (cause) => failed(failures.terminal_build_failed, messageOf(cause)),
          )
          if (built.runId !== undefined && built.runId !== runId)
            return yield* failed(failures.run_id_mismatch, `the builder found the run ${built.runId}`)
          if (built.schemaId !== undefined && built.schemaId !== terminalSchemaId)
            return yield* failed(failures.terminal_schema_mismatch, `the builder made ${built.schemaId}`)
          return yield* plane
            .build(key, built.source, { onProgress: onProgress("build") })
            .pipe(
              Effect.catch((error) =>
                isDataPlaneError(error)
                  ? failed(failureOf(error), error.message)
                  : failed(failures.terminal_build_failed, messageOf(error)),
              ),
            )
        }),
      )

    const build = (receipt: AgentReceipt) =>
      once(
        "terminal_build_attempted",
        attempt.terminalBuildAttempted,
        Effect.gen(function* () {
          yield* step("build", "started")
          const { bytes, sha256 } = yield* buildBytes(receipt)
          yield* step("build", "done", sha256, bytes)
          const { submitRunId } = receipt
          return Settlement.build(requested, {
            submitRunId,
            schemaId: requested.payload.terminalSchemaId,
            bytes,
            sha256,
          })
        }),
      )

    const write = (built: Recorded<"terminal_build_attempted">, receipt: AgentReceipt) =>
      once(
        "artifact_written",
        attempt.artifactWritten,
        Effect.gen(function* () {
          yield* step("write", "started")
          const { bytes, sha256 } = built.payload
          if (!(yield* orFail("write", plane.hasBuilt(key, { bytes, sha256 })))) {
            // The private copy is gone or damaged: the same bytes must come out again.
            const again = yield* buildBytes(receipt)
            if (again.sha256 !== sha256 || again.bytes !== bytes)
              return yield* failed(failures.build_not_reproducible, `built ${again.sha256}, recorded ${sha256}`)
          }
          const written = yield* orFail(
            "write",
            plane.write(key, terminalPath, { bytes, sha256 }, { onProgress: onProgress("write") }),
          )
          yield* step("write", "done", written.path, bytes)
          return Settlement.write(built, written)
        }),
      )

    const readBack = (written: Recorded<"artifact_written">) =>
      Effect.gen(function* () {
        const { artifactRef, bytes, path, sha256 } = written.payload
        const stored: StoredArtifact = { artifactRef, path, bytes, sha256 }
        const kept = attempt.artifactReadbackVerified
        yield* step("readback", "started")
        const read = yield* plane.readBack(key, stored, { onProgress: onProgress("readback") }).pipe(
          Effect.catch((error) => {
            // What was read back once and is different now has changed; what never matched was never stored right.
            const moved = kept !== undefined && (error._tag === "BytesDiffer" || error._tag === "ArtifactMissing")
            return failed(moved ? failures.artifact_changed : failureOf(error), error.message)
          }),
        )
        const fact = yield* once("artifact_readback_verified", kept, Effect.succeed(Settlement.readBack(written, read)))
        yield* step("readback", "done", read.sha256, read.bytes)
        yield* step("seal", "started")
        yield* orFail("seal", plane.seal(key, read, { onProgress: onProgress("seal") }))
        yield* step("seal", "done", read.sha256, read.bytes)
        return fact
      })

    const verify = (finalized: Recorded<"terminal_finalized">, receipt: AgentReceipt) => {
      const { artifactRef, bytes, path, schemaId, sha256 } = finalized.payload.terminalArtifact
      const { verifier, verifierDeadline_ms = 300_000 } = job
      const ask = (handed: Handed) =>
        verifier.verify({ runId, attempt: index, receipt, artifact: { ...handed, schemaId } }).pipe(
          Effect.catchDefect((defect) =>
            Effect.fail(new VerifierError({ verifier: verifier.name, code: "failed", detail: messageOf(defect) })),
          ),
          Effect.timeoutOrElse({
            duration: verifierDeadline_ms,
            orElse: () =>
              Effect.fail(
                new VerifierError({
                  verifier: verifier.name,
                  code: "timeout",
                  detail: `no answer in ${verifierDeadline_ms} ms`,
                }),
              ),
          }),
          Effect.flatMap((answer) => Effect.fromResult(checkAnswer(verifier.name, answer))),
        )
      return plane
        .withSealed({ artifactRef, path, bytes, sha256 }, ask, { onProgress: onProgress("verify") })
        .pipe(
          Effect.catch((error) =>
            error._tag === "VerifierError"
              ? failed(error.code === "timeout" ? failures.verifier_timeout : failures.verifier_failed, error.message)
              : failed(failureOf(error), error.message),
          ),
        )
    }

    const settle = Effect.gen(function* () {
      yield* seedAll
      const receipt = yield* submit
      const built = yield* build(receipt)
      const written = yield* write(built, receipt)
      const readback = yield* readBack(written)
      const finalized = yield* once(
        "terminal_finalized",
        attempt.terminalFinalized,
        Effect.sync(() => Settlement.finalize(requested, readback)),
      )
      yield* step("verify", "started", job.verifier.name)
      const verification: Verification = yield* verify(finalized, receipt)
      const passed = verification.checks.filter(({ status }) => status === "passed").length
      yield* step(
        "verify",
        "done",
        `${verification.ok ? "accepted" : "rejected"}: ${passed} of ${verification.checks.length} checks passed`,
      )
      yield* record<NewJobFact>(Settlement.settle(finalized, verification), composition)
    })

    return yield* Effect.catchIf(
      settle,
      (error): error is AttemptFailed => error instanceof AttemptFailed,
      (error) =>
        Effect.asVoid(record<NewJobFact>(Settlement.fail(requested, error.failure, error.submitRunId), composition)),
    )
  })

const dataPlaneTags: ReadonlySet<string> = new Set([
  "PathRefused",
  "CandidateMissing",
  "ArtifactTooLarge",
  "IllFormedText",
  "NotBytes",
  "BytesDiffer",
  "CopyTouched",
  "ArtifactMissing",
  "StorageFailed",
  "DeadlineExceeded",
  "Aborted",
])
const isDataPlaneError = (error: unknown): error is DataPlaneError =>
  typeof error === "object" && error !== null && dataPlaneTags.has(String((error as { _tag?: unknown })._tag))
