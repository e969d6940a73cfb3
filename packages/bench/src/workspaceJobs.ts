import { isRecordedFact, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import { WorkspaceJob, type WorkspaceJobFact } from "@waybill/workspace-job"

/** How many jobs are under way at the same time: their facts interleave in the ledger. */
const under_way = 64

interface Draft {
  readonly runId: string
  readonly payloads: ReadonlyArray<readonly [name: string, payload: (ids: ReadonlyArray<string>) => JsonObject]>
}

const hex = (n: number): string => n.toString(16).padStart(64, "0")

/** One job: of ten, seven are verified at once, two after a repair, one fails. */
const draftJob = (n: number): Draft => {
  const runId = `run-${String(n).padStart(7, "0")}`
  const kind = n % 10
  const request = (index: number, key: string, repairOf?: number) => (ids: ReadonlyArray<string>) => ({
    runId,
    idempotencyKey: key,
    requestedBy: "bench",
    terminalSchemaId: "report/v1",
    inputHash: `sha256:${hex(n)}`,
    attempt: {
      index,
      maxAttempts: 2,
      cause: index === 1 ? "initial" : "verifier_repair",
      ...(repairOf === undefined ? {} : { repairOfRequestedEventId: ids[repairOf] ?? "" }),
    },
  })
  const attempt = (start: number, key: string, verdict: "verified" | "verifier_rejected", seeds: boolean) => {
    const ref = (ids: ReadonlyArray<string>) => ({ requestedEventId: ids[start] ?? "", runId, idempotencyKey: key })
    const artifact = {
      artifactRef: `artifact:${runId}:${start}:report.json`,
      path: "report.json",
      schemaId: "report/v1",
      sha256: `sha256:${hex(n * 2 + start)}`,
      bytes: 1000 + n,
    }
    const step = { ...artifact, submitRunId: `run_${hex(n).slice(32)}` }
    const { artifactRef: _ref, path: _path, ...built } = step
    const finalizedAt = start + (seeds ? 5 : 4)
    return [
      ...(seeds
        ? [["seed_written", (ids: ReadonlyArray<string>) => ({ ...ref(ids), seedPaths: ["input.json"] })] as const]
        : []),
      ["terminal_build_attempted", (ids: ReadonlyArray<string>) => ({ ...ref(ids), ...built })],
      ["artifact_written", (ids: ReadonlyArray<string>) => ({ ...ref(ids), ...step })],
      ["artifact_readback_verified", (ids: ReadonlyArray<string>) => ({ ...ref(ids), ...step })],
      ["terminal_finalized", (ids: ReadonlyArray<string>) => ({ ...ref(ids), terminalArtifact: artifact })],
      [
        verdict,
        (ids: ReadonlyArray<string>) => ({
          ...ref(ids),
          terminalFinalizedEventId: ids[finalizedAt] ?? "",
          checks: [{ name: "complete", status: verdict === "verified" ? "passed" : "failed" }],
        }),
      ],
    ] as const
  }
  if (kind === 9)
    return {
      runId,
      payloads: [
        ["requested", request(1, runId)],
        [
          "failed",
          (ids) => ({
            requestedEventId: ids[0] ?? "",
            runId,
            idempotencyKey: runId,
            failure: {
              phase: "submit",
              code: "workspace_job.submit.tool_error",
              reason: "tool_error",
              retryable: true,
            },
          }),
        ],
      ],
    }
  if (kind < 7) return { runId, payloads: [["requested", request(1, runId)], ...attempt(0, runId, "verified", true)] }
  const repairKey = `${runId}:repair:2`
  return {
    runId,
    payloads: [
      ["requested", request(1, runId)],
      ...attempt(0, runId, "verifier_rejected", true),
      ["requested", request(2, repairKey, 0)],
      ...attempt(7, repairKey, "verified", false),
    ],
  }
}

/** Exactly `count` facts of jobs in interleaved order, decoded as a reader of the ledger gets them. */
export const workspaceJobFacts = (count: number): ReadonlyArray<WorkspaceJobFact> => {
  const facts: Array<WorkspaceJobFact> = []
  const open: Array<{ readonly draft: Draft; readonly ids: Array<string> }> = []
  let jobs = 0
  for (let turn = 0; facts.length < count; turn++) {
    if (open.length < under_way) open.push({ draft: draftJob(jobs++), ids: [] })
    const at = turn % open.length
    const current = open[at]
    const next = current?.draft.payloads[current.ids.length]
    if (current === undefined || next === undefined) {
      open.splice(at, 1)
      continue
    }
    const [name, payload] = next
    const position = facts.length + 1
    const event_id = `evt_workspace_job.${name}_${current.draft.runId}_${String(position).padStart(6, "0")}`
    const event: RecordedEvent = {
      position,
      schema_version: 1,
      event_id,
      request_id: "req_bench",
      job_id: current.draft.runId,
      event_type: `workspace_job.${name}`,
      occurred_at: "2026-01-01T00:00:00Z",
      actor: "bench",
      // Through its text, so that a payload is what a reader's parser makes of it.
      payload: JSON.parse(JSON.stringify(payload(current.ids))) as JsonObject,
    }
    current.ids.push(event_id)
    const fact = WorkspaceJob.decode(event)
    if (!isRecordedFact(fact)) throw new Error(`${event_id} does not decode`)
    facts.push(fact as WorkspaceJobFact)
  }
  return facts
}
