/** Every settlement helper: what it writes, and everything it refuses. */
import { InvalidFact, isFact, type RecordedFact } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type Payload, type Recorded, Settlement, WorkspaceJob } from "../src/index.ts"
import {
  accept,
  attemptFrom,
  digestA,
  digestB,
  failed,
  firstAttempt,
  issuesOf,
  jobRequest,
  passed,
  recordedAt,
  reject,
  requestedAt,
  stored,
  submitRunId,
} from "./support/attempts.ts"

const { built, finalized, readback, requested, seeded, written } = firstAttempt()
const rejected = recordedAt(7, reject(finalized))
const foreign = attemptFrom(requestedAt(11, { runId: "run-2", idempotencyKey: "create-2" }))

/** What somebody without types could pass. */
const untyped = <T>(value: unknown): T => value as T

const ref = { requestedEventId: requested.event_id, runId: "run-1", idempotencyKey: "create-1" }
const artifact = {
  artifactRef: stored.artifactRef,
  path: "report.json",
  schemaId: "report/v1",
  sha256: digestA,
  bytes: 7,
}

describe("a helper copies every reference from the recorded facts it is given", () => {
  it.each<readonly [string, RecordedFact<string, unknown>, unknown]>([
    [
      "request",
      requested,
      {
        runId: "run-1",
        idempotencyKey: "create-1",
        requestedBy: "a product",
        terminalSchemaId: "report/v1",
        attempt: { index: 1, maxAttempts: 3, cause: "initial" },
      },
    ],
    ["seed", seeded, { ...ref, seedPaths: ["seed/a.txt"] }],
    [
      "start",
      recordedAt(3, Settlement.start(requested, { submitRunId, withdrawal: digestA })),
      { ...ref, submitRunId, withdrawal: digestA },
    ],
    ["build", built, { ...ref, submitRunId, schemaId: "report/v1", bytes: 7, sha256: digestA }],
    ["write", written, { ...ref, ...artifact, submitRunId }],
    ["readBack", readback, { ...ref, ...artifact, submitRunId }],
    ["finalize", finalized, { ...ref, terminalArtifact: artifact }],
    [
      "settle, yes",
      recordedAt(7, accept(finalized, "all there")),
      { ...ref, terminalFinalizedEventId: finalized.event_id, checks: [passed], summary: "all there" },
    ],
    [
      "settle, yes without a word",
      recordedAt(7, accept(finalized)),
      { ...ref, terminalFinalizedEventId: finalized.event_id, checks: [passed] },
    ],
    [
      "settle, no",
      rejected,
      { ...ref, terminalFinalizedEventId: finalized.event_id, checks: [failed], summary: "not complete" },
    ],
    [
      "fail",
      recordedAt(
        2,
        Settlement.fail(requested, { phase: "submit", code: "a.b", reason: "b", retryable: true }, "submit-1"),
      ),
      { ...ref, failure: { phase: "submit", code: "a.b", reason: "b", retryable: true }, submitRunId },
    ],
    [
      "fail, before any agent ran",
      recordedAt(2, Settlement.fail(requested, { phase: "seed", code: "a.b", reason: "b" })),
      { ...ref, failure: { phase: "seed", code: "a.b", reason: "b" } },
    ],
    [
      "repair",
      recordedAt(8, Settlement.repair(requested, rejected)),
      {
        runId: "run-1",
        idempotencyKey: "create-1:repair:2",
        requestedBy: "a product",
        terminalSchemaId: "report/v1",
        attempt: { index: 2, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: requested.event_id },
      },
    ],
  ])("%s", (_, fact, payload) => {
    expect(fact.payload).toStrictEqual(payload)
    expect(fact.job_id).toBe("run-1")
  })

  it("what is given as undefined is absent, what is given is kept", () => {
    const absent = requestedAt(1, {
      workspaceRef: undefined,
      inputRef: undefined,
      inputHash: undefined,
      maxAttempts: undefined,
    })
    expect(Object.keys(absent.payload)).toEqual([
      "runId",
      "idempotencyKey",
      "requestedBy",
      "terminalSchemaId",
      "attempt",
    ])
    expect(absent.payload.attempt).toEqual({ index: 1, maxAttempts: 1, cause: "initial" })
    const given = requestedAt(1, { workspaceRef: "w", inputRef: "in", inputHash: "h" })
    expect(given.payload).toMatchObject({ workspaceRef: "w", inputRef: "in", inputHash: "h" })
    const { finalized: done } = attemptFrom(given)
    const again = recordedAt(9, Settlement.repair(given, recordedAt(8, reject(done))))
    expect(again.payload).toMatchObject({ workspaceRef: "w", inputRef: "in", inputHash: "h" })
  })

  it("a repair of a repair counts on from it, under the base key", () => {
    const second = recordedAt(8, Settlement.repair(requested, rejected))
    const third = Settlement.repair(second, recordedAt(14, reject(attemptFrom(second).finalized)))
    expect(Result.getOrThrow(third).payload).toMatchObject({
      idempotencyKey: "create-1:repair:3",
      attempt: { index: 3, maxAttempts: 3, repairOfRequestedEventId: second.event_id },
    })
  })

  it("zero bytes are an artifact", () => {
    const empty = { ...stored, bytes: 0 }
    expect(firstAttempt({}, empty).finalized.payload.terminalArtifact.bytes).toBe(0)
  })

  it("fields that a newer writer added are read past, and not written again", () => {
    const newer = <F extends RecordedFact<string, object>>(fact: F): F => {
      const [event] = recordedEvents([{ ...fact, payload: { ...fact.payload, colour: "red" } }], {
        after: fact.position - 1,
      })
      return WorkspaceJob.decode(event!) as RecordedFact<string, unknown> as F
    }
    const made = [
      Settlement.write(newer(built), stored),
      Settlement.readBack(newer(written), stored),
      Settlement.finalize(newer(requested), newer(readback)),
      accept(newer(finalized)),
      Settlement.repair(newer(requested), newer(rejected)),
    ].map((fact) => Result.getOrThrow<Recorded<"failed"> | object, InvalidFact>(fact))
    expect(made.every(isFact)).toBe(true)
    expect(JSON.stringify(made)).not.toContain("colour")
  })
})

const request = (job: object) => issuesOf(Settlement.request(untyped({ ...jobRequest, ...job })))
const long = "x".repeat(300)
const notAnswer = (ok: unknown) => issuesOf(Settlement.settle(finalized, untyped({ ok, checks: [passed] })))
const spent = requestedAt(1, { maxAttempts: 1 })
const unnumbered = (() => {
  const { attempt: _, ...payload } = requested.payload
  const [event] = recordedEvents([{ ...requested, payload }])
  return WorkspaceJob.decode(event!) as Recorded<"requested">
})()
const build = (evidence: Partial<Settlement.Built>) =>
  issuesOf(Settlement.build(requested, { submitRunId, schemaId: "report/v1", bytes: 7, sha256: digestA, ...evidence }))
const write = (evidence: Partial<Settlement.Stored>) => issuesOf(Settlement.write(built, { ...stored, ...evidence }))
const readBack = (evidence: Partial<Settlement.Stored>) =>
  issuesOf(Settlement.readBack(written, { ...stored, ...evidence }))
const fail = (failure: object, id?: string) =>
  issuesOf(Settlement.fail(requested, untyped({ phase: "seed", code: "c", reason: "r", ...failure }), id))

const isOf = (step: { readonly payload: { readonly requestedEventId: string } }) => [
  `requestedEventId is of another attempt: ${step.payload.requestedEventId}, want ${requested.event_id}`,
  "runId is of another attempt: run-2, want run-1",
  "idempotencyKey is of another attempt: create-2, want create-1",
]

describe("a helper refuses, in words that say what is wrong", () => {
  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string | RegExp>]>([
    ["request: no key", request({ idempotencyKey: "" }), ["idempotencyKey is empty"]],
    [
      "request: a key of more than 256 bytes",
      request({ idempotencyKey: "é".repeat(129) }),
      ["idempotencyKey is longer than 256 bytes"],
    ],
    [
      "request: a key that a repair attempt could have",
      request({ idempotencyKey: "create-1:repair:2" }),
      ["idempotencyKey ends like the key of a repair attempt (`:repair:` and a number)"],
    ],
    [
      "request: everything at once, in one error",
      request({ runId: "", idempotencyKey: "k:repair:9", requestedBy: "", terminalSchemaId: 5, maxAttempts: 0 }),
      [
        /^idempotencyKey ends like/,
        /^job_id is empty/,
        /^runId/,
        /^requestedBy/,
        /^terminalSchemaId/,
        /^attempt\.maxAttempts/,
      ],
    ],
    ["request: no such field", request({ attempts: 3 }), [/^attempts /]],
    ["request: a reserved run id", request({ runId: "ledger" }), ["job_id is reserved"]],
    ...[Number.NaN, Infinity, 0, -1, 1.5, 1_000_001].map(
      (maxAttempts) =>
        [`request: a budget of ${maxAttempts}`, request({ maxAttempts }), [/^attempt\.maxAttempts /]] as const,
    ),
    [
      "repair: a rejection of another run",
      issuesOf(Settlement.repair(requested, recordedAt(17, reject(foreign.finalized)))),
      isOf(foreign.finalized),
    ],
    [
      "repair: the budget is spent",
      issuesOf(Settlement.repair(spent, recordedAt(7, reject(attemptFrom(spent).finalized)))),
      ["attempt.index the budget of 1 is spent"],
    ],
    [
      "repair: a request without attempt data",
      issuesOf(Settlement.repair(unnumbered, rejected)),
      ["attempt.index the budget of 1 is spent"],
    ],
    [
      "seed: a path that escapes",
      issuesOf(Settlement.seed(requested, ["a", "../b"])),
      [/^seedPaths\.1 has a segment that is \. or \.\.$/],
    ],
    [
      "build: another schema",
      build({ schemaId: "other" }),
      ["schemaId is not the schema that was asked for, report/v1"],
    ],
    [
      "build: another schema, and none",
      build({ schemaId: "" }),
      ["schemaId is not the schema that was asked for, report/v1"],
    ],
    [
      "build: no agent run, half a byte, a digest in capitals",
      build({ submitRunId: "", bytes: 0.5, sha256: digestA.toUpperCase() }),
      [/^submitRunId/, /^bytes/, /^sha256/],
    ],
    ["build: another schema and a bad digest", build({ schemaId: "other", sha256: "md5:1" }), [/^schemaId/, /^sha256/]],
    [
      "write: other bytes",
      write({ bytes: 8, sha256: digestB }),
      ["bytes is 8, want 7", `sha256 is ${digestB}, want ${digestA}`],
    ],
    [
      "write: other bytes, outside",
      write({ bytes: 8, path: "/../x", artifactRef: "" }),
      ["bytes is 8, want 7", /^path has a segment/, /^artifactRef/],
    ],
    [
      "readBack: another place and other bytes",
      readBack({ artifactRef: "r", path: "p", bytes: 8, sha256: digestB }),
      [
        `artifactRef is r, want ${stored.artifactRef}`,
        "path is p, want report.json",
        "bytes is 8, want 7",
        `sha256 is ${digestB}, want ${digestA}`,
      ],
    ],
    [
      "finalize: a readback of another run",
      issuesOf(Settlement.finalize(requested, foreign.readback)),
      isOf(foreign.readback),
    ],
    [
      "settle: yes without checks",
      issuesOf(Settlement.settle(finalized, { ok: true, checks: [] })),
      ["checks must name at least one check"],
    ],
    [
      "settle: yes with a failed check",
      issuesOf(Settlement.settle(finalized, { ok: true, checks: [passed, failed] })),
      ["checks must not hold a failed check"],
    ],
    ["settle: neither yes nor no", notAnswer("false"), ["ok is not a boolean"]],
    ["settle: nothing", notAnswer(undefined), ["ok is not a boolean"]],
    [
      "settle: more checks than a fact holds",
      issuesOf(
        Settlement.settle(finalized, { ok: false, checks: Array.from({ length: 1001 }, () => failed), reason: "" }),
      ),
      [/^checks /],
    ],
    ["fail: an exception's words", fail({ reason: "ENOENT: no such file" }), [/^failure\.reason /]],
    ["fail: words of a symbol's length and more", fail({ code: "c".repeat(129) }), [/^failure\.code /]],
    ["fail: a phase nobody knows", fail({ phase: "cleanup" }), [/^failure\.phase /]],
    ["fail: diagnostics", fail({ category: "budget", message: "m" }), [/^failure\.category /, /^failure\.message /]],
    ["fail: an agent run without a name", fail({}, ""), [/^submitRunId /]],
  ])("%s", (_, issues, expected) => {
    expect(issues).toHaveLength(expected.length)
    expected.forEach((words, i) =>
      typeof words === "string"
        ? expect(issues[i]).toBe(words)
        : expect(issues.some((issue) => words.test(issue))).toBe(true),
    )
  })

  it("with one typed error that names the fact's type", () => {
    const refused = Settlement.write(built, { ...stored, bytes: 8, path: long })
    expect(Result.isFailure(refused) && refused.failure).toBeInstanceOf(InvalidFact)
    expect(Result.isFailure(refused) && refused.failure.event_type).toBe("workspace_job.artifact_written")
    const neither = Settlement.settle(finalized, untyped({ ok: 1, checks: [] }))
    expect(Result.isFailure(neither) && neither.failure.event_type).toBe("workspace_job.verified")
  })
})

it("a rejection may have no check at all, and an empty reason", () =>
  expect(
    Result.getOrThrow(Settlement.settle(finalized, { ok: false, checks: [], reason: "" })).payload satisfies
      | Payload<"verified">
      | Payload<"verifier_rejected">,
  ).toMatchObject({ checks: [], summary: "" }))

it("a refusal names the type of the fact that was not made", () => {
  const typeOf = (made: Result.Result<unknown, InvalidFact>) =>
    Result.isFailure(made) ? made.failure.event_type.replace("workspace_job.", "") : "made"
  const other = { ...stored, bytes: 8 }
  expect(
    [
      Settlement.request({ ...jobRequest, idempotencyKey: "" }),
      Settlement.repair(requested, recordedAt(17, reject(foreign.finalized))),
      Settlement.repair(spent, recordedAt(7, reject(attemptFrom(spent).finalized))),
      Settlement.seed(requested, [""]),
      Settlement.start(requested, { submitRunId: "" }),
      Settlement.build(requested, { submitRunId, schemaId: "other", bytes: 7, sha256: digestA }),
      Settlement.write(built, other),
      Settlement.readBack(written, other),
      Settlement.finalize(requested, foreign.readback),
      Settlement.settle(finalized, { ok: true, checks: [] }),
    ].map(typeOf),
  ).toEqual([
    "requested",
    "requested",
    "requested",
    "seed_written",
    "agent_started",
    "terminal_build_attempted",
    "artifact_written",
    "artifact_readback_verified",
    "terminal_finalized",
    "verified",
  ])
})
