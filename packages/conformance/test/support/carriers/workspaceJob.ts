/** Settled jobs, as the carrier kit is told of them. */
import { type Carrier, decides, endsOf, type Past, type Said, settling } from "@waybill/conformance"
import {
  deliverable,
  type Job,
  Jobs,
  jobStatus,
  fact_types,
  isJobFact,
  type NewJobFact,
  type Recorded,
  recording,
  Settlement,
  type StepName,
  WorkspaceJob,
  type WorkspaceJobFact,
} from "@waybill/workspace-job"
import { Result } from "effect"
import type { Fact, View } from "@waybill/ledger"

const is =
  <K extends StepName>(name: K) =>
  (fact: unknown): fact is Recorded<K> =>
    isJobFact(name, fact)

/** A recorded step of an attempt, with the attempt's request. */
const withRequest = <K extends StepName>({ facts, one }: Past, name: K) => {
  const step = one(is(name))
  const id = step !== undefined && "requestedEventId" in step.payload ? step.payload.requestedEventId : undefined
  const requested = facts.filter(is("requested")).find(({ event_id }) => event_id === id)
  return step === undefined || requested === undefined ? undefined : { requested, step }
}

type Made = Result.Result<Fact<string, { readonly runId: string }>, unknown>

/** Records what a settlement helper makes; what it refuses is not asked for. */
const records = (name: string, make: (past: Past) => Made | undefined) =>
  decides(
    recording,
    (past): NewJobFact | undefined => {
      const made = make(past)
      return made === undefined || Result.isFailure(made) ? undefined : made.success
    },
    { name },
  )

const bytesOf = ({
  artifactRef,
  bytes,
  path,
  schemaId,
  sha256,
}: {
  readonly artifactRef: string
  readonly bytes: number
  readonly path: string
  readonly schemaId: string
  readonly sha256: string
}): string => JSON.stringify([artifactRef, path, schemaId, sha256, bytes])

const says = (fact: WorkspaceJobFact): Said | undefined => {
  switch (fact.event_type) {
    case "workspace_job.requested":
      return { what: "asked" }
    case "workspace_job.artifact_written":
      return { what: "written", attempt: fact.payload.requestedEventId, bytes: bytesOf(fact.payload) }
    case "workspace_job.artifact_readback_verified":
      return { what: "read back", attempt: fact.payload.requestedEventId, bytes: bytesOf(fact.payload) }
    case "workspace_job.terminal_finalized":
      return {
        what: "finalized",
        attempt: fact.payload.requestedEventId,
        bytes: bytesOf(fact.payload.terminalArtifact),
      }
    case "workspace_job.verified":
    case "workspace_job.verifier_rejected":
      return {
        what: "judged",
        attempt: fact.payload.requestedEventId,
        finalized: fact.payload.terminalFinalizedEventId,
        isAccepted: fact.event_type === "workspace_job.verified",
      }
    case "workspace_job.failed":
      return { what: "failed", attempt: fact.payload.requestedEventId }
    default:
      return undefined
  }
}

const how = { verified: "accepted", verifier_rejected: "rejected", failed: "failed" } as const

/** The view of one job, as the questions about jobs take it. */
const alone = (job: Job) => ({ get: () => job }) as Pick<View<Job>, "get"> as View<Job>

export const workspaceJob: Carrier = {
  name: "workspace_job",
  reader: WorkspaceJob,
  facts: fact_types,
  projections: [Jobs],
  steps: [
    records("request", ({ draw }) =>
      Settlement.request({
        runId: draw.job(),
        idempotencyKey: draw.from(["key-1", "key-2", "key-3"]),
        requestedBy: "a product",
        terminalSchemaId: "report/v1",
        maxAttempts: 3,
      }),
    ),
    records("seed", ({ one }) => one(is("requested"), (requested) => Settlement.seed(requested, ["seed.md"]))),
    records("start", ({ one }) =>
      one(is("requested"), (requested) => Settlement.start(requested, { submitRunId: "s-1" })),
    ),
    records("build", ({ draw, one }) =>
      one(is("requested"), (requested) =>
        Settlement.build(requested, {
          submitRunId: "s-1",
          schemaId: "report/v1",
          bytes: 7,
          sha256: `sha256:${draw.hex(64)}`,
        }),
      ),
    ),
    records("write", ({ one }) =>
      one(is("terminal_build_attempted"), (built) =>
        Settlement.write(built, { artifactRef: "a-1", path: "report.json", bytes: 7, sha256: built.payload.sha256 }),
      ),
    ),
    records("read back", ({ one }) =>
      one(is("artifact_written"), (written) => Settlement.readBack(written, written.payload)),
    ),
    records("finalize", (past) => {
      const found = withRequest(past, "artifact_readback_verified")
      return found && Settlement.finalize(found.requested, found.step)
    }),
    records("accept", ({ one }) =>
      one(is("terminal_finalized"), (finalized) =>
        Settlement.settle(finalized, { ok: true, checks: [{ name: "complete", status: "passed" }] }),
      ),
    ),
    records("reject", ({ one }) =>
      one(is("terminal_finalized"), (finalized) =>
        Settlement.settle(finalized, { ok: false, checks: [{ name: "complete", status: "failed" }], reason: "no" }),
      ),
    ),
    records("fail", ({ draw, one }) =>
      draw.below(12) > 0
        ? undefined
        : one(is("requested"), (requested) =>
            Settlement.fail(requested, { phase: "submit", code: "workspace_job.submit.retries", reason: "retries" }),
          ),
    ),
    records("repair", (past) => {
      const found = withRequest(past, "verifier_rejected")
      return found && Settlement.repair(found.requested, found.step)
    }),
  ],
  ends: [
    endsOf(Jobs, ({ current, earlier }) =>
      [...earlier, current].flatMap(({ requestedEventId, terminal }) =>
        terminal === undefined ? [] : [`${requestedEventId} ${terminal.kind} ${terminal.eventId}`],
      ),
    ),
  ],
  settlement: settling({
    projection: Jobs,
    says: (fact) => says(fact as WorkspaceJobFact),
    attempts: ({ current, earlier }) =>
      [...earlier, current].map(({ request, requestedEventId, terminal }) => ({
        id: requestedEventId,
        repairs: request.attempt?.repairOfRequestedEventId,
        end: terminal && { id: terminal.eventId, how: how[terminal.kind] },
      })),
    deliverable: (job) => {
      const artifact = deliverable(jobStatus(alone(job), job.runId))
      if (Result.isFailure(artifact)) return undefined
      return { attempt: job.current.requestedEventId, bytes: bytesOf(artifact.success) }
    },
  }),
}
