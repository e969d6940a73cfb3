/**
 * Whether a rejected attempt is followed by another one, and what that one is told.
 *
 * @module
 */
import { DataPlane, failureOf } from "@waybill/data-plane"
import { type Attempt, attemptOf, type Failure, failures, type NewJobFact, Settlement } from "@waybill/workspace-job"
import { Effect, Result } from "effect"
import { type Composition, record, recordEnd, tell } from "./commit.ts"
import type { JobDeclaration, Recovery, RepairContext } from "./Declaration.ts"
import { evaluate } from "./declared.ts"
import { noRoomIn } from "./Errors.ts"
import { recordedFact } from "./recorded.ts"

/** What the product is told of the rejected attempt; `undefined` where the attempt was not rejected. */
export const repairContext = (job: JobDeclaration, previous: Attempt, workspace: string): RepairContext | undefined => {
  const { terminal } = previous
  const readback = previous.artifactReadbackVerified?.payload
  if (terminal?.kind !== "verifier_rejected" || readback === undefined) return undefined
  const number = attemptOf(previous.request)
  const { artifactRef, bytes, path, schemaId, sha256 } = readback
  return {
    runId: previous.request.runId,
    candidatePath: job.candidatePath,
    workspace,
    attempt: {
      index: number.index + 1,
      maxAttempts: number.maxAttempts,
      cause: "verifier_repair",
      repairOfRequestedEventId: previous.requestedEventId,
    },
    previous: {
      requestedEventId: previous.requestedEventId,
      attempt: number,
      terminalArtifact: { artifactRef, path, schemaId, sha256, bytes },
      checks: terminal.payload.checks,
      reason: terminal.payload.summary ?? "verifier_rejected",
    },
  }
}

/** Whether the budget of a rejected attempt's job holds another one. */
export const mayRepair = ({ recovery }: JobDeclaration, { request }: Attempt): boolean => {
  const { index, maxAttempts } = attemptOf(request)
  return recovery !== undefined && index < maxAttempts
}

type Decision =
  | { readonly kind: "repair" | "leave" }
  /** The next attempt is over before it begins. */
  | { readonly kind: "fail"; readonly failure: Failure; readonly detail: string }

/** Asks the product, where it wants to be asked. */
const decide = (job: JobDeclaration, shouldRepair: Recovery["shouldRepair"], context: RepairContext) =>
  shouldRepair === undefined
    ? Effect.succeed<Decision>({ kind: "repair" })
    : evaluate(() => shouldRepair(context), job.answerDeadline_ms ?? 300_000).pipe(
        Effect.map((repair): Decision => ({ kind: repair === true ? "repair" : "leave" })),
        Effect.catch(({ message }) =>
          Effect.succeed<Decision>({ kind: "fail", failure: failures.repair_decision_failed, detail: message }),
        ),
      )

/** Asks whether to repair, and records the next attempt if so. Answers whether there is one. */
export const decideRepair = (job: JobDeclaration, current: Attempt, composition: Composition) =>
  Effect.gen(function* () {
    const { recovery } = job
    if (recovery === undefined || !mayRepair(job, current) || current.terminal === undefined) return false
    const attempt = attemptOf(current.request).index + 1
    const plane = yield* DataPlane
    const { runId } = current.request
    const opened = yield* Effect.result(plane.workspace(runId))
    const noRoom = Result.isFailure(opened) ? noRoomIn(runId, "repair", opened.failure) : undefined
    if (noRoom !== undefined) return yield* noRoom
    const context = repairContext(job, current, Result.isSuccess(opened) ? opened.success : "")
    if (context === undefined) return false
    // Without its workspace there is nothing to ask about: the repair fails as any attempt does whose workspace is no folder.
    const decision: Decision = Result.isSuccess(opened)
      ? yield* decide(job, recovery.shouldRepair, context)
      : { kind: "fail", failure: failureOf(opened.failure), detail: opened.failure.message }
    if (decision.kind === "leave") return false
    const requested = yield* recordedFact("requested", runId, current.requestedEventId)
    const rejected = yield* recordedFact("verifier_rejected", runId, current.terminal.eventId)
    const next = yield* record<NewJobFact>(Settlement.repair(requested, rejected), composition)
    const step = { kind: "step", attempt, step: "repair" } as const
    yield* tell(composition.observe, { ...step, state: "started", detail: context.previous.reason })
    if (decision.kind === "fail") {
      // The rejected attempt keeps its verdict; what failed ends the attempt that it was about.
      const { detail, failure } = decision
      yield* tell(composition.observe, { ...step, state: "failed", detail })
      const asked = yield* recordedFact("requested", runId, next.event_id)
      yield* recordEnd(Settlement.fail(asked, failure), attemptOf(asked.payload), composition)
    }
    return true
  })
