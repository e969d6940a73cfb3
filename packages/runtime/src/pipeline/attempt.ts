/**
 * One attempt, from its last recorded step to its end.
 *
 * Every step looks at what is recorded, does what is missing, and records it; so a crash anywhere is followed by going on,
 * and what was recorded is compared with what is found.
 *
 * @module
 */
import {
  type DataPlaneError,
  DataPlane,
  failureOf,
  type Handed,
  StorageFailed,
  type StoredArtifact,
} from "@waybill/data-plane"
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
  Settlement,
  submitFailure,
  type StepName,
} from "@waybill/workspace-job"
import { Clock, Effect, Predicate, type Result, Schedule } from "effect"
import { createHash } from "node:crypto"
import { Agent, AgentError, type AgentReceipt, type BegunRun, type SubmitSpec } from "../agent/Agent.ts"
import { explainReceipt } from "../agent/explainReceipt.ts"
import { plainSpec } from "../agent/plainSpec.ts"
import { hideValues } from "../hideValues.ts"
import { messageOf } from "../messageOf.ts"
import { refuseReceipt } from "../agent/refuseReceipt.ts"
import { askWithin } from "../verifier/ask.ts"
import { agentEnd, AttemptFailed, judgingEnd } from "./AttemptFailed.ts"
import { type Composition, record, recordEnd, recordWhileOpen, tell } from "./commit.ts"
import type { Declared, JobDeclaration } from "./Declaration.ts"
import { checkBuilt, DeclarationFault, evaluate } from "./declared.ts"
import { noRoomIn } from "./Errors.ts"
import type { Step } from "./Observer.ts"
import { recordedFact } from "./recorded.ts"

const defaultDeadline_ms = 300_000

/** Why a receipt is not that of the run which was recorded as begun, or `undefined`. */
const refuseOther = (receipt: AgentReceipt, begun: string | undefined): string | undefined =>
  begun === undefined || receipt.submitRunId === begun
    ? undefined
    : `the receipt is that of the run ${JSON.stringify(receipt.submitRunId)}; ${JSON.stringify(begun)} was begun`
const backoff = Schedule.exponential("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 2 }))

/** Runs or resumes an attempt that has no end yet, until it has one. `previous` is the attempt that it repairs. */
export const runAttempt = (
  job: JobDeclaration,
  attempt: Attempt,
  previous: Attempt | undefined,
  submitSpec: (workspace: string) => Declared<SubmitSpec>,
  composition: Composition,
) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const agent = yield* Agent
    const ledger = yield* Ledger
    const { runId } = attempt.request
    const requested = yield* recordedFact("requested", runId, attempt.requestedEventId)
    const number = attemptOf(requested.payload)
    const { index } = number
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
    const failed = (name: Step, failure: Failure, detail: string) =>
      Effect.fail(new AttemptFailed(name, failure, detail))
    /** What a step came to grief by ends the attempt, but for a host that has no room: that is not about the work. */
    const ended = (name: Step, error: { readonly message: string }, failure: Failure) =>
      Effect.fail(noRoomIn(runId, name, error) ?? new AttemptFailed(name, failure, error.message))
    const orFail = <A, R>(name: Step, run: Effect.Effect<A, DataPlaneError, R>) =>
      Effect.catch(run, (error) => ended(name, error, failureOf(error)))
    const answerDeadline_ms = job.answerDeadline_ms ?? defaultDeadline_ms
    const answer = <A>(declared: () => Declared<A>) => evaluate(declared, answerDeadline_ms)
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

    const orEnd = <A, E, R>(run: Effect.Effect<A, AgentError | E, R>) =>
      Effect.catch(run, (error): Effect.Effect<never, AgentError | E | AttemptFailed> => {
        const failure = error instanceof AgentError ? agentEnd(error) : undefined
        return failure === undefined ? Effect.fail(error) : failed("agent", failure, messageOf(error))
      })

    /** Which run was begun for the attempt is in the ledger, and so out of its reach. */
    const begun = attempt.agentStarted?.payload
    const register = {
      begun,
      begin: (run: BegunRun) => {
        submitRunId = run.submitRunId
        // The agent of a job that was called off does not begin.
        return Effect.provideService(recordWhileOpen(Settlement.start(requested, run), composition), Ledger, ledger)
      },
    }

    const submit = (workspace: string) =>
      Effect.gen(function* () {
        const { idempotencyKey } = requested.payload
        if (attempt.terminalBuildAttempted !== undefined) {
          // The run ended before the build was recorded: it is found again, never repeated.
          submitRunId = attempt.terminalBuildAttempted.payload.submitRunId
          const found = yield* orEnd(agent.find(idempotencyKey))
          if (found === undefined || found.submitRunId !== submitRunId)
            return yield* failed(
              "agent",
              failures.runtime_projection_missing,
              "the agent run of the recorded build is not known",
            )
          return found
        }
        const spec = yield* Effect.catch(
          Effect.flatMap(
            answer(() => submitSpec(workspace)),
            (answered) =>
              Effect.try({ try: () => plainSpec(answered), catch: (cause) => new DeclarationFault({ cause }) }),
          ),
          (fault) => failed("agent", failures.submit_spec_builder_failed, fault.message),
        )
        const words = Array.isArray(spec?.command) ? spec.command.filter(Predicate.isString).join(" ") : ""
        yield* step("agent", "started", Predicate.isObject(spec?.env) ? hideValues(words, spec.env) : words)
        submitRunId = begun?.submitRunId
        const request = {
          key: idempotencyKey,
          runId,
          attempt: index,
          workspace,
          candidatePath: job.candidatePath,
          spec,
        }
        const receipt = yield* orEnd(agent.submit(request, register))
        const refused = refuseReceipt(receipt) ?? refuseOther(receipt, submitRunId)
        if (refused !== undefined) return yield* failed("agent", failures.runtime_projection_missing, refused)
        submitRunId = receipt.submitRunId
        if (!receipt.ok) return yield* failed("agent", submitFailure(receipt.reason), explainReceipt(receipt))
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
          const build = job.build ?? (() => ({ source: candidate.stream }))
          const built = yield* answer(() => build(input)).pipe(
            Effect.flatMap((built) => checkBuilt(built, answerDeadline_ms)),
            Effect.catch((fault) => failed("build", failures.terminal_build_failed, fault.message)),
          )
          if (built.runId !== undefined && built.runId !== runId)
            return yield* failed("build", failures.run_id_mismatch, `the builder found the run ${built.runId}`)
          if (built.schemaId !== undefined && built.schemaId !== terminalSchemaId)
            return yield* failed("build", failures.terminal_schema_mismatch, `the builder made ${built.schemaId}`)
          return yield* plane.build(key, built.source, { onProgress: onProgress("build") }).pipe(
            Effect.catch((error) => {
              // A builder that hands on the candidate's stream hands on what the disk did to it.
              const from = error instanceof DeclarationFault ? error.cause : error
              const isDisk = from instanceof StorageFailed
              if (error instanceof DeclarationFault && !isDisk)
                return failed("build", failures.terminal_build_failed, error.message)
              return ended("build", error, failureOf(isDisk ? from : (error as DataPlaneError)))
            }),
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
          const isSame = previous?.terminalBuildAttempted?.payload.sha256 === sha256
          yield* step("build", "done", isSame ? `${sha256}, as in the attempt before` : sha256, bytes)
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
              return yield* failed(
                "write",
                failures.build_not_reproducible,
                `built ${again.sha256}, recorded ${sha256}`,
              )
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
            return ended("readback", error, moved ? failures.artifact_changed : failureOf(error))
          }),
        )
        const fact = yield* once("artifact_readback_verified", kept, Effect.succeed(Settlement.readBack(written, read)))
        yield* expectSame("readback", fact.payload, read)
        yield* step("readback", "done", read.sha256, read.bytes)
        yield* step("seal", "started")
        yield* orFail("seal", plane.seal(key, read, { onProgress: onProgress("seal") }))
        yield* step("seal", "done", read.sha256, read.bytes)
        return fact
      })

    /** Recorded and found are one artifact, or the attempt ends: what is found never replaces what is recorded. */
    const expectSame = (name: Step, recorded: StoredArtifact, found: StoredArtifact) =>
      (["artifactRef", "path", "sha256", "bytes"] as const).every((field) => recorded[field] === found[field])
        ? Effect.void
        : failed(name, failures.artifact_changed, `recorded ${recorded.sha256}, found ${found.sha256}`)

    const verify = (finalized: Recorded<"terminal_finalized">, receipt: AgentReceipt, workspace: string) => {
      const { artifactRef, bytes, path, schemaId, sha256 } = finalized.payload.terminalArtifact
      const { verifier, verifierDeadline_ms = defaultDeadline_ms } = job
      const use = (handed: Handed) => {
        const artifact = { ...handed, schemaId }
        const verificationId = createHash("sha256").update(`${workspace}\0${index}`).digest("hex").slice(0, 32)
        return askWithin(verifierDeadline_ms, verifier, { runId, attempt: index, verificationId, receipt, artifact })
      }
      return plane
        .withSealed({ artifactRef, path, bytes, sha256 }, use, { onProgress: onProgress("verify") })
        .pipe(Effect.catch((error) => ended("verify", error, judgingEnd(error))))
    }

    const settle = Effect.gen(function* () {
      yield* seedAll
      const workspace = yield* orFail("agent", plane.workspace(runId))
      const receipt = yield* submit(workspace)
      const built = yield* build(receipt)
      const written = yield* write(built, receipt)
      const readback = yield* readBack(written)
      const finalized = yield* once(
        "terminal_finalized",
        attempt.terminalFinalized,
        Effect.sync(() => Settlement.finalize(requested, readback)),
      )
      yield* expectSame("readback", finalized.payload.terminalArtifact, readback.payload)
      yield* step("verify", "started", job.verifier.name)
      const verification = yield* verify(finalized, receipt, workspace)
      const passed = verification.checks.filter(({ status }) => status === "passed").length
      yield* step(
        "verify",
        "done",
        `${verification.ok ? "accepted" : "rejected"}: ${passed} of ${verification.checks.length} checks passed`,
      )
      const { terminalArtifact } = finalized.payload
      yield* recordEnd(Settlement.settle(finalized, verification), number, composition, terminalArtifact)
    })

    return yield* Effect.catchIf(
      settle,
      (error): error is AttemptFailed => error instanceof AttemptFailed,
      ({ detail, failure, step: name }) =>
        Effect.andThen(
          step(name, "failed", detail),
          recordEnd(Settlement.fail(requested, failure, submitRunId), number, composition),
        ),
    )
  })
