/** What a browser may see: named fields and nothing else, whatever a fact holds. */
import { isRecordedFact, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { safeEvent, WorkspaceJob, type WorkspaceJobFact, WorkspaceJobWithReconcile } from "../src/index.ts"
import {
  accept,
  digestA,
  failed,
  firstAttempt,
  passed,
  recordedAt,
  reject,
  requestedAt,
  submitRunId,
} from "./support/attempts.ts"
import { history } from "./support/histories.ts"

const { built, finalized, readback, requested, seeded, written } = firstAttempt()
const ids = { runId: "run-1", idempotencyKey: "create-1" }
const artifact = {
  artifactRef: "artifact:run-1:1:report.json",
  path: "report.json",
  schemaId: "report/v1",
  sha256: digestA,
  bytes: 7,
}
const eventOf = (name: string, payload: unknown, job_id = "run-1"): RecordedEvent =>
  recordedEvents([{ event_type: `workspace_job.${name}`, job_id, payload }])[0]!
const payloadOf = (event: RecordedEvent) => safeEvent(event)?.payload
const failure = { phase: "submit", code: "workspace_job.submit.retries", reason: "retries" }
const ref = { requestedEventId: "e1", ...ids }
const rejection = (more: JsonObject) =>
  eventOf("verifier_rejected", { ...ref, terminalFinalizedEventId: "e6", checks: [], ...more })

describe("of each fact, exactly this is shown", () => {
  it.each<readonly [string, RecordedEvent | WorkspaceJobFact, unknown]>([
    [
      "requested",
      requestedAt(1, { inputRef: "in", inputHash: "h", workspaceRef: "w" }),
      {
        ...ids,
        requestedBy: "a product",
        terminalSchemaId: "report/v1",
        attempt: { index: 1, maxAttempts: 3, cause: "initial" },
      },
    ],
    ["seed_written", seeded, { ...ids, seedPaths: ["seed/a.txt"] }],
    ["agent_started", eventOf("agent_started", { ...ref, submitRunId }), ids],
    ["terminal_build_attempted", built, { ...ids, schemaId: "report/v1", bytes: 7, sha256: digestA }],
    ["artifact_written", written, { ...ids, ...artifact }],
    ["artifact_readback_verified", readback, { ...ids, ...artifact }],
    ["terminal_finalized", finalized, { ...ids, artifact }],
    [
      "verified",
      recordedAt(7, accept(finalized)),
      { ...ids, checks: { total: 1, passed: 1, failed: 0, list: [passed] } },
    ],
    [
      "verifier_rejected",
      recordedAt(7, reject(finalized)),
      { ...ids, checks: { total: 1, passed: 0, failed: 1, list: [failed] }, summary: "not complete" },
    ],
    ["failed", eventOf("failed", { ...ref, failure, submitRunId }), { ...ids, ...failure }],
    [
      "failed, retryable",
      eventOf("failed", { ...ref, failure: { ...failure, retryable: false } }),
      { ...ids, ...failure, retryable: false },
    ],
  ])("%s", (_, event, payload) => {
    const { event_id, event_type, occurred_at, position } = event
    expect(safeEvent(event)).toStrictEqual({ event_id, event_type, occurred_at, position, payload })
  })

  it("a request without attempt data is attempt 1 of 1", () => {
    const { attempt: _, ...payload } = requested.payload
    expect(payloadOf(eventOf("requested", payload))).toMatchObject({
      attempt: { index: 1, maxAttempts: 1, cause: "initial" },
    })
  })
})

describe("nothing is shown of", () => {
  it.each<readonly [string, RecordedEvent]>([
    ["another vocabulary", { ...eventOf("failed", { ...ref, failure }), event_type: "job.failed" }],
    ["a type nobody knows", eventOf("unheard_of", ref)],
    ["a type that is read behind an option only", eventOf("reconcile_required", { ...ref, failure })],
    ["a malformed fact", eventOf("failed", { ...ref, failure: { ...failure, phase: "unknown" } })],
    ["a payload that is none", eventOf("failed", null)],
    ["a fact that speaks of another run", eventOf("failed", { ...ref, failure }, "run-2")],
  ])("%s", (_, event) => expect(safeEvent(event)).toBeUndefined())
})

describe("long texts are cut", () => {
  const summaryOf = (summary: string) => payloadOf(rejection({ summary }))?.["summary"]
  it("at 500 characters, an ellipsis included, and never through a character", () => {
    expect(summaryOf("x".repeat(500))).toBe("x".repeat(500))
    expect(summaryOf("x".repeat(501))).toBe(`${"x".repeat(499)}…`)
    const cut = summaryOf(`${"x".repeat(498)}😀 and more`)
    expect(String(cut).isWellFormed()).toBe(true)
    expect(cut).toBe(`${"x".repeat(498)}\ufffd…`)
  })
  it("checks at 50, all of them counted", () => {
    const checks = Array.from({ length: 70 }, (_, i) => ({
      name: `c${i}`,
      status: i < 60 ? "passed" : "failed",
      message: "m".repeat(600),
    }))
    const shown = payloadOf(rejection({ checks }))?.["checks"]
    expect(shown).toMatchObject({ total: 70, passed: 60, failed: 10 })
    const { list } = shown as { readonly list: ReadonlyArray<{ readonly name: string; readonly message: string }> }
    expect(list.map(({ name }) => name)).toEqual(checks.slice(0, 50).map(({ name }) => name))
    expect(new Set(list.map(({ message }) => message.length))).toEqual(new Set([500]))
  })
  it("names of checks too", () => {
    const checks = [{ name: "n".repeat(501), status: "passed" }]
    expect(JSON.stringify(payloadOf(rejection({ checks })))).toContain(`"name":"${"n".repeat(499)}…"`)
  })
})

describe("laws", () => {
  const secret = "s3cret"
  /** Names of fields that a browser must not see, and of some that no version knows yet. */
  const secretFields = [
    "submitRunId",
    "requestedEventId",
    "terminalFinalizedEventId",
    "workspaceRef",
    "inputRef",
    "inputHash",
    "token",
    "unheardOf",
  ]
  const taint = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(taint)
    if (typeof value !== "object" || value === null) return value
    const known = Object.entries(value).map(([name, field]) => [
      name,
      secretFields.includes(name) || ["proofRef", "fingerprint", "repairOfRequestedEventId"].includes(name)
        ? `${secret} ${String(field)}`
        : taint(field),
    ])
    return { ...Object.fromEntries(known), unheardOf: secret, token: secret }
  }
  const proofs = (event: RecordedEvent): RecordedEvent => {
    const { checks } = event.payload
    if (!Array.isArray(checks)) return event
    return {
      ...event,
      payload: {
        ...event.payload,
        checks: checks.map((check) => ({ ...Object(check), proofRef: "p", fingerprint: "f" })),
      },
    }
  }

  it("nothing secret gets through, from any history, wherever a writer put it", () => {
    let seen = 0
    fc.assert(
      fc.property(history, (events) => {
        for (const event of events) {
          const tainted = {
            ...event,
            actor: secret,
            request_id: secret,
            payload: taint(proofs(event).payload) as JsonObject,
          }
          const safe = safeEvent(tainted)
          if (safe !== undefined) seen++
          expect(JSON.stringify(safe ?? null)).not.toContain(secret)
        }
      }),
      { numRuns: 2000 },
    )
    expect(seen).toBeGreaterThan(1000)
  })

  it("there is a view of exactly the facts that the reader takes and that speak of their own run", () =>
    fc.assert(
      fc.property(history, (events) => {
        for (const event of events) {
          const fact = WorkspaceJob.owns(event.event_type) ? WorkspaceJob.decode(event) : undefined
          const isOwn = isRecordedFact(fact) && (fact.payload as { readonly runId?: unknown }).runId === event.job_id
          expect(safeEvent(event) !== undefined).toBe(isOwn)
          expect(WorkspaceJobWithReconcile.owns(event.event_type)).toBe(WorkspaceJob.owns(event.event_type))
        }
      }),
      { numRuns: 2000 },
    ))
})
