import { given, type RecordedSoFar, Violation } from "@waybill/conformance"
import {
  isJobFact,
  Jobs,
  jobStatus,
  type NewJobFact,
  type Recorded,
  recording,
  Settlement,
  WorkspaceJob,
} from "@waybill/workspace-job"
import { foldAll } from "@waybill/ledger"
import { Result } from "effect"
import { expect, it } from "vitest"

const request = Settlement.request({
  runId: "run-1",
  idempotencyKey: "key-1",
  requestedBy: "a product",
  terminalSchemaId: "report/v1",
})
const again: NewJobFact = Result.getOrThrow(request)

const isRequested = (fact: unknown): fact is Recorded<"requested"> => isJobFact("requested", fact)

it("a specification that holds throws nothing", () => {
  given(WorkspaceJob, request)
    .when(recording, ({ first }): NewJobFact => Result.getOrThrow(Settlement.seed(first(isRequested), [])))
    .thenFacts(({ last }) => Settlement.seed(last(isRequested), []))
  given(WorkspaceJob).when(recording, again).thenFacts(request)
  given(WorkspaceJob, request).when(recording, again).thenRefused("KeyTaken", { heldByRunId: "run-1" })
})

it("a view is of what was recorded and decided", () => {
  const outcome = given(WorkspaceJob).when(recording, again)
  expect(() => outcome.thenView(Jobs, "run-1", undefined)).toThrow("workspace_job.jobs of run-1")
  given(WorkspaceJob).thenView(Jobs, "run-1", undefined)
  expect(jobStatus(foldAll(Jobs, []), "run-1").status).toBe("missing")
})

it("what does not hold throws, with what was expected and what was found", () => {
  const outcome = given(WorkspaceJob, request).when(recording, again)
  expect(() => outcome.thenFacts()).toThrow(Violation)
  expect(() => outcome.thenRefused("RunTaken")).toThrow("RunTaken")
  expect(() => outcome.thenRefused("KeyTaken", { heldByRunId: "run-2" })).toThrow("run-2")
  expect(() => given(WorkspaceJob).when(recording, again).thenRefused("KeyTaken")).toThrow("the refusal of")
  const seedOfNothing = ({ first }: RecordedSoFar): NewJobFact =>
    Result.getOrThrow(Settlement.seed(first(isRequested), []))
  expect(() => given(WorkspaceJob).when(recording, seedOfNothing)).toThrow("one of this kind")
})
