/** Questions about jobs, and what is answered. */
import { Checkpoint, foldAll } from "@waybill/ledger"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  attemptStatus,
  byIdempotencyKey,
  deliverable,
  isJobFact,
  Jobs,
  JobsWithReconcile,
  jobStatus,
  jobSteps,
  NotDeliverable,
  WorkspaceJob,
} from "../src/index.ts"
import { artifact, foldOf, idOf as id, passed, told } from "./support/story.ts"

describe("an outcome that nobody knows", () => {
  const uncertain = () =>
    told((story) => {
      story.request()
      story.say("reconcile_required", { ...story.ref(), failure: { phase: "submit", code: "c", reason: "r" } })
    })
  it("is no fact without the option: counted and skipped", () => {
    const fold = foldOf(uncertain())
    expect([jobStatus(fold, "run-1").status, fold.skipped.unknown]).toEqual(["running", 1])
  })
  it("with the option is a status of its own, until the attempt ends", () => {
    const story = uncertain()
    expect(jobStatus(foldAll(JobsWithReconcile, story.events), "run-1")).toMatchObject({
      status: "reconcile_required",
      failure: { phase: "submit", code: "c", reason: "r" },
    })
    story.step("failed")
    expect(jobStatus(foldAll(JobsWithReconcile, story.events), "run-1").status).toBe("failed")
  })
})

describe("views", () => {
  const story = told((story) => {
    story.request()
    story.upToFinalized()
    story.step("verified", { summary: "fine" })
  })
  it("a verified job carries the artifact, the checks, the verdict and what was finalized", () => {
    const job = jobStatus(foldOf(story), "run-1")
    if (job.status !== "verified") throw new Error(job.status)
    expect(job.terminalArtifact).toStrictEqual(artifact)
    expect(job).toMatchObject({ runId: "run-1", checks: [passed], summary: "fine", attemptsLeft: 2 })
    expect(job.verdict).toMatchObject({ terminalFinalizedEventId: id("terminal_finalized", 6) })
    expect(job.finalized.terminalArtifact).toEqual(artifact)
    expect(Result.getOrThrow(deliverable(job))).toBe(job.terminalArtifact)
  })
  it("a verdict without a summary has none", () => {
    const bare = told((bare) => {
      bare.request()
      bare.upToFinalized()
      bare.step("verified")
    })
    expect(jobStatus(foldOf(bare), "run-1")).not.toHaveProperty("summary")
  })
  it("a failed job carries its failure", () => {
    const failing = told((failing) => {
      failing.request()
      failing.step("failed", { submitRunId: "s" })
    })
    expect(jobStatus(foldOf(failing), "run-1")).toMatchObject({
      status: "failed",
      failed: { submitRunId: "s", failure: { reason: "retries" } },
    })
  })
  it.each(["missing", "running", "verifier_rejected", "failed"] as const)(
    "a %s job has nothing to deliver",
    (status) => {
      const other = told((other) => {
        if (status === "missing") return
        other.request()
        other.upToFinalized()
        if (status !== "running") other.step(status)
      })
      const refused = deliverable(jobStatus(foldOf(other), "run-1"))
      expect(Result.isFailure(refused) && refused.failure).toEqual(new NotDeliverable({ runId: "run-1", status }))
      expect(Result.isFailure(refused) && refused.failure.message).toBe(
        `job "run-1" is ${status}; only a verified artifact is delivered`,
      )
    },
  )
  it("steps are those of the latest attempt; what was not done is absent", () => {
    const fresh = told((fresh) => {
      fresh.request()
      fresh.upToFinalized()
      fresh.step("verifier_rejected")
      fresh.repair(2)
    })
    const { request, requestedEventId } = foldOf(fresh).get("run-1")!.current
    expect(jobSteps(foldOf(fresh), "run-1")).toStrictEqual({
      status: "found",
      runId: "run-1",
      requestedEventId,
      request,
    })
    fresh.proper("terminal_finalized")
    expect(jobSteps(foldOf(fresh), "run-1")).toMatchObject({
      terminalFinalized: { eventId: id("terminal_finalized", 9) },
    })
    expect(Object.keys(jobSteps(foldOf(story), "run-1"))).toEqual([
      "status",
      "runId",
      "requestedEventId",
      "request",
      "seedWritten",
      "terminalBuildAttempted",
      "artifactWritten",
      "artifactReadbackVerified",
      "terminalFinalized",
    ])
    expect(jobSteps(foldOf(story), "run-9")).toEqual({ status: "missing", runId: "run-9" })
  })
  it("a key leads to the attempt that holds it", () => {
    const fold = foldOf(story)
    expect(byIdempotencyKey(fold, "create-1")).toStrictEqual({
      status: "found",
      idempotencyKey: "create-1",
      runId: "run-1",
      requestedEventId: id("requested", 1),
      request: fold.get("run-1")?.current.request,
    })
    expect(byIdempotencyKey(fold, "nobody's")).toEqual({ status: "missing", idempotencyKey: "nobody's" })
  })
  it("an attempt that is not the run's is missing", () => {
    expect(attemptStatus(foldOf(story), "run-1", "e9")).toEqual({ status: "missing", runId: "run-1" })
    expect(attemptStatus(foldOf(story), "run-9", id("requested", 1))).toEqual({ status: "missing", runId: "run-9" })
  })
  it("a saved entity whose join was taken out is not deliverable", () => {
    const text = JSON.stringify(Checkpoint.take(foldOf(story)))
    for (const step of ["artifactReadbackVerified", "terminalFinalized"]) {
      const saved = JSON.parse(text.replace(`"${step}"`, '"unheardOf"')) as Checkpoint.Checkpoint
      const fold = Result.getOrThrow(Checkpoint.resume(Jobs, saved))
      expect(jobStatus(fold, "run-1").status).toBe("running")
    }
  })
  it("a saved job whose fields are not what they were is not resumed", () => {
    const text = JSON.stringify(Checkpoint.take(foldOf(story)))
    for (const field of ["runId", "requestedEventId", "sha256", "seedPaths", "checks", "kind", "eventId"]) {
      const saved = JSON.parse(text.replaceAll(`"${field}":`, `"not ${field}":`)) as Checkpoint.Checkpoint
      expect(Result.isFailure(Checkpoint.resume(Jobs, saved))).toBe(true)
    }
    expect([Jobs.name, JobsWithReconcile.name]).toEqual(["workspace_job.jobs", "workspace_job.jobs_with_reconcile"])
  })
  it("facts are told apart by their short names", () => {
    const [request, seed] = story.events.map((event) => WorkspaceJob.decode(event))
    expect([isJobFact("requested", request), isJobFact("requested", seed), isJobFact("seed_written", seed)]).toEqual([
      true,
      false,
      true,
    ])
    expect([isJobFact("requested", story.events[0]), isJobFact("requested", undefined)]).toEqual([false, false])
  })
})
