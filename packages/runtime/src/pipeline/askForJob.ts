/**
 * Asking for a job: one batch that says so to the queue and to the run, or the job that the key stands for already.
 *
 * @module
 */
import {
  asksForArtifact,
  findSubmitted,
  type JobSpec,
  type QueueJob,
  type QueueRefusal,
  type Submit,
  submitSettlement,
} from "@waybill/jobspec"
import { Decider, type Fact, Ledger, type View } from "@waybill/ledger"
import { byIdempotencyKey, Jobs, jobStatus, KeyTaken, recording, RunTaken, Settlement } from "@waybill/workspace-job"
import { Effect, Result } from "effect"
import { type Composition, tell } from "./commit.ts"
import type { JobDeclaration } from "./Declaration.ts"
import { JobIsNoSettlement } from "./Errors.ts"
import { endOf } from "./RunEnd.ts"
import { refuseBrokenHistory } from "./soundness.ts"

type Decided = Result.Result<
  ReadonlyArray<Fact<string, unknown>>,
  QueueRefusal | RunTaken | KeyTaken | JobIsNoSettlement
>

/** Takes the job in, or finds that it is there; refuses one that is not a settlement under this key. */
const asking = ({ jobTypes, queue }: JobSpec.JobSpec) =>
  Decider.make({
    name: "settlement.asking",
    projection: queue.projection,
    decide: (jobs: View<QueueJob>, submit: Submit): Decided => {
      const found = findSubmitted(jobs, submit)
      if (found === undefined) return queue.decide(jobs, submit)
      const { idempotency_key = found.job_id, job_id, job_type, payload, unknown_job_type = job_type } = found
      if (job_id !== submit.job_id) {
        const { idempotency_key: idempotencyKey = "" } = submit
        const heldByEventId = jobs.holder("job.accepted", idempotencyKey)?.event_id ?? ""
        return Result.fail(new KeyTaken({ idempotencyKey, heldByRunId: job_id, heldByEventId }))
      }
      if (!jobTypes.has(job_type) || !asksForArtifact(payload))
        return Result.fail(new JobIsNoSettlement({ runId: job_id, jobType: unknown_job_type }))
      return idempotency_key === submit.idempotency_key
        ? Result.succeed([])
        : Result.fail(new RunTaken({ runId: job_id, idempotencyKey: idempotency_key }))
    },
    requestId: (jobs, submit, fact) => queue.requestId?.(jobs, submit, fact),
  })

/**
 * Sees to it that the job and its first attempt are recorded, and answers the run id that is to be settled. Adds nothing to a run
 * that has ended. Without `jobspec` the job is not asked for: somebody has claimed it.
 */
export const askForJob = (
  job: JobDeclaration,
  maxAttempts: number,
  jobspec: JobSpec.JobSpec | undefined,
  composition: Omit<Composition, "job">,
) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const { idempotencyKey, inputHash, inputRef, requestedBy, terminalSchemaId, workspaceRef } = job
    const { actor, observe, requestId } = composition
    let { runId } = job
    for (;;) {
      // Both are needed in what follows, and so are folded in one pass.
      const projections = { runs: Jobs, ...(jobspec === undefined ? {} : { jobs: jobspec.projections.queue }) }
      const { holder, isOver } = yield* ledger.queryAll(projections, ({ runs }) => {
        const holder = byIdempotencyKey(runs, idempotencyKey)
        return { holder, isOver: holder.status === "found" && endOf(jobStatus(runs, holder.runId)) !== undefined }
      })
      if (holder.status === "found") runId = holder.runId
      if (isOver) return runId
      const asked = submitSettlement({
        job_id: runId,
        // A base key is never longer than the queue's keys may be.
        idempotency_key: idempotencyKey,
        schema: terminalSchemaId,
        requested_by: requestedBy,
        workspace_ref: workspaceRef,
        input_ref: inputRef,
        input_hash: inputHash,
      })
      const submit = jobspec === undefined ? [] : [Decider.step(asking(jobspec), { ...asked, request_id: requestId })]
      const request = Settlement.request({
        runId,
        idempotencyKey,
        requestedBy,
        terminalSchemaId,
        maxAttempts,
        workspaceRef,
        inputRef,
        inputHash,
      })
      yield* refuseBrokenHistory(runId)
      const fact = yield* Effect.fromResult(request)
      const steps = holder.status === "found" ? submit : [...submit, Decider.step(recording, fact)]
      if (steps.length === 0) return runId
      const answer = yield* Effect.result(ledger.transactAll(steps, { actor, requestId }))
      if (Result.isSuccess(answer)) {
        for (const recorded of answer.success.flat()) yield* tell(observe, { kind: "recorded", fact: recorded })
        return runId
      }
      const { failure } = answer
      // The key stands for a job or a run of another id, or somebody else was faster: that job is ours, too.
      if (failure._tag !== "KeyTaken" || holder.status === "found") return yield* Effect.fail(failure)
      runId = failure.heldByRunId
    }
  })
