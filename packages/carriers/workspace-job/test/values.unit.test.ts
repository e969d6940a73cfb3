/** What a field of a fact may hold, and in which words anything else is refused. */
import { type Fact, type InvalidFact, Vocabulary } from "@waybill/ledger"
import type { Result } from "effect"
import { describe, expect, it } from "vitest"
import { vocabulary } from "../src/Facts.ts"
import {
  attemptOf,
  baseKeyOf,
  fact_types,
  pathSegments,
  refuseBaseKey,
  refuseFilePath,
  refusePath,
  repairKey,
} from "../src/index.ts"
import { digestA, issuesOf, requestedAt } from "./support/attempts.ts"

const ref = { requestedEventId: "e1", runId: "run-1", idempotencyKey: "k" }
const written = { ...ref, path: "a", artifactRef: "r", submitRunId: "s", schemaId: "v1", bytes: 1, sha256: digestA }
const requested = { runId: "run-1", idempotencyKey: "k", requestedBy: "me", terminalSchemaId: "v1" }
const verdict = { ...ref, terminalFinalizedEventId: "e6" }
const failed = { ...ref, failure: { phase: "submit", code: "c", reason: "r" } }
const initial = { index: 1, maxAttempts: 3, cause: "initial" }
const again = { index: 2, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: "e1" }

type AnyMake = (jobId: string, payload: unknown) => Result.Result<Fact<string, unknown>, InvalidFact>
/** What the constructor of a type says to any payload. */
const say = (name: keyof typeof vocabulary.facts, payload: unknown): string => {
  const make = vocabulary.facts[name].make as AnyMake
  return issuesOf(make("run-1", payload)).join("; ") || "accepted"
}

const surrogate = "a\ud800"
const long = (length: number) => "x".repeat(length)
const label = "Expected a value with a length of at least 1"
const labelMax = "Expected a value with a length of at most 1024"

describe("accepted", () => {
  it.each<readonly [string, string]>([
    ["zero bytes", say("artifact_written", { ...written, bytes: 0 })],
    ["the most bytes a number can say", say("artifact_written", { ...written, bytes: Number.MAX_SAFE_INTEGER })],
    [
      "a leading slash, which is the workspace's root",
      say("artifact_written", { ...written, path: "/out/report.json" }),
    ],
    ["a path of 1024 bytes", say("artifact_written", { ...written, path: long(1024) })],
    ["dots that are no dot segments", say("artifact_written", { ...written, path: ".a/..b/c./..." })],
    ["spaces, colons and percent signs in a path", say("artifact_written", { ...written, path: " a b/%2e%2e/x:y" })],
    ["a label of 1024 characters", say("artifact_written", { ...written, artifactRef: long(1024) })],
    ["no seeds", say("seed_written", { ...ref, seedPaths: [] })],
    ["a request without attempt data", say("requested", requested)],
    ["the first attempt", say("requested", { ...requested, attempt: initial })],
    ["a repair", say("requested", { ...requested, attempt: again })],
    ["the last attempt of the budget", say("requested", { ...requested, attempt: { ...again, index: 3 } })],
    ["a million attempts", say("requested", { ...requested, attempt: { ...initial, maxAttempts: 1_000_000 } })],
    ["a key of 512 characters", say("requested", { ...requested, idempotencyKey: long(512) })],
    [
      "a symbol of 128 characters",
      say("failed", { ...failed, failure: { phase: "seed", code: long(128), reason: "a_B.9:-" } }),
    ],
    ["a rejection without checks", say("verifier_rejected", { ...verdict, checks: [] })],
    ["an empty summary", say("verifier_rejected", { ...verdict, checks: [], summary: "" })],
    ["a summary of 16384 characters", say("verifier_rejected", { ...verdict, checks: [], summary: long(16_384) })],
    [
      "a thousand checks with all they may hold",
      say("verified", {
        ...verdict,
        checks: Array.from({ length: 1000 }, () => ({
          name: "n",
          status: "passed",
          message: "",
          proofRef: "p",
          fingerprint: "f",
        })),
      }),
    ],
  ])("%s", (_, answer) => expect(answer).toBe("accepted"))
})

describe("refused", () => {
  it.each<readonly [string, string, string]>([
    [
      "a negative length",
      say("artifact_written", { ...written, bytes: -1 }),
      "bytes Expected a value between 0 and 9007199254740991",
    ],
    ["half a byte", say("artifact_written", { ...written, bytes: 0.5 }), "bytes Expected an integer"],
    ["a length as text", say("artifact_written", { ...written, bytes: "1" }), "bytes Expected number"],
    [
      "a digest in capitals",
      say("artifact_written", { ...written, sha256: digestA.toUpperCase() }),
      "sha256 Expected a string matching the RegExp ^sha256:[0-9a-f]{64}$",
    ],
    [
      "a digest that is too short",
      say("artifact_written", { ...written, sha256: digestA.slice(0, -1) }),
      "sha256 Expected a string matching the RegExp ^sha256:[0-9a-f]{64}$",
    ],
    [
      "a digest with something behind it",
      say("artifact_written", { ...written, sha256: `${digestA}\n` }),
      "sha256 Expected a string matching the RegExp ^sha256:[0-9a-f]{64}$",
    ],
    ["no path", say("artifact_written", { ...written, path: "" }), "path is empty"],
    [
      "a path that goes up",
      say("artifact_written", { ...written, path: "a/../b" }),
      "path has a segment that is . or ..",
    ],
    ["an empty label", say("artifact_written", { ...written, artifactRef: "" }), `artifactRef ${label}`],
    [
      "a label that is too long",
      say("artifact_written", { ...written, artifactRef: long(1025) }),
      `artifactRef ${labelMax}`,
    ],
    [
      "a label with half a character",
      say("artifact_written", { ...written, artifactRef: surrogate }),
      "artifactRef contains a lone surrogate",
    ],
    ["an empty event id", say("artifact_written", { ...written, requestedEventId: "" }), `requestedEventId ${label}`],
    [
      "an event id with half a character",
      say("artifact_written", { ...written, requestedEventId: surrogate }),
      "requestedEventId contains a lone surrogate",
    ],
    [
      "an event id that is too long",
      say("artifact_written", { ...written, requestedEventId: long(1025) }),
      `requestedEventId ${labelMax}`,
    ],
    [
      "a run id with white space at its edge",
      say("artifact_written", { ...written, runId: " run-1" }),
      "runId starts or ends with white space",
    ],
    ["an empty key", say("artifact_written", { ...written, idempotencyKey: "" }), `idempotencyKey ${label}`],
    [
      "a key with half a character",
      say("requested", { ...requested, idempotencyKey: surrogate }),
      "idempotencyKey contains a lone surrogate",
    ],
    [
      "a key that is too long",
      say("requested", { ...requested, idempotencyKey: long(513) }),
      "idempotencyKey Expected a value with a length of at most 512",
    ],
    [
      "prose that is too long",
      say("verifier_rejected", { ...verdict, checks: [], summary: long(16_385) }),
      "summary Expected a value with a length of at most 16384",
    ],
    [
      "prose with half a character",
      say("verifier_rejected", { ...verdict, checks: [], summary: surrogate }),
      "summary contains a lone surrogate",
    ],
    [
      "a symbol with a space",
      say("failed", { ...failed, failure: { ...failed.failure, code: "a b" } }),
      "failure.code Expected a string matching the RegExp ^[A-Za-z0-9_.:-]{1,128}$",
    ],
    [
      "an empty symbol",
      say("failed", { ...failed, failure: { ...failed.failure, reason: "" } }),
      "failure.reason Expected a string matching the RegExp ^[A-Za-z0-9_.:-]{1,128}$",
    ],
    [
      "yes or no as text",
      say("failed", { ...failed, failure: { ...failed.failure, retryable: "yes" } }),
      "failure.retryable Expected boolean",
    ],
    [
      "an attempt beyond its budget",
      say("requested", { ...requested, attempt: { ...again, index: 4 } }),
      "attempt.index is beyond maxAttempts",
    ],
    [
      "attempt 0",
      say("requested", { ...requested, attempt: { ...initial, index: 0 } }),
      "attempt.index Expected a value between 1 and 1000000",
    ],
    [
      "a second attempt that is the first",
      say("requested", { ...requested, attempt: { ...initial, index: 2 } }),
      "attempt.cause is initial for attempt 1 and only for attempt 1",
    ],
    [
      "a first attempt that is a repair",
      say("requested", { ...requested, attempt: { ...again, index: 1 } }),
      "attempt.cause is initial for attempt 1 and only for attempt 1",
    ],
    [
      "a repair of nothing",
      say("requested", { ...requested, attempt: { index: 2, maxAttempts: 3, cause: "verifier_repair" } }),
      "attempt.repairOfRequestedEventId names the repaired attempt for a repair and only for a repair",
    ],
    [
      "a first attempt that repairs",
      say("requested", { ...requested, attempt: { ...initial, repairOfRequestedEventId: "e1" } }),
      "attempt.repairOfRequestedEventId names the repaired attempt for a repair and only for a repair",
    ],
    ["a yes without checks", say("verified", { ...verdict, checks: [] }), "checks must name at least one check"],
    [
      "a yes with a failed check",
      say("verified", { ...verdict, checks: [{ name: "n", status: "failed" }] }),
      "checks must not hold a failed check",
    ],
    [
      "a check without a name",
      say("verifier_rejected", { ...verdict, checks: [{ name: "", status: "failed" }] }),
      `checks.0.name ${label}`,
    ],
    [
      "more than a thousand checks",
      say("verifier_rejected", {
        ...verdict,
        checks: Array.from({ length: 1001 }, () => ({ name: "n", status: "passed" })),
      }),
      "checks Expected a value with a length of at most 1000",
    ],
    [
      "an exception's text beside a failure",
      say("failed", { ...failed, message: "ENOENT" }),
      "message Expected no excess property",
    ],
    [
      "a wish, where a path is asked for",
      say("seed_written", { ...ref, seedPaths: ["ok", "a\\b"] }),
      "seedPaths.1 contains a backslash",
    ],
  ])("%s", (_, answer, words) => expect(answer).toContain(words))

  it.each<readonly [string, string]>([
    ["", "is empty"],
    [surrogate, "contains a lone surrogate"],
    ["é".repeat(513), "is longer than 1024 bytes"],
    ["a\u0000b", "contains a control character"],
    ["a\u0085b", "contains a control character"],
    ["a\u007f", "contains a control character"],
    ["a\\b", "contains a backslash"],
    ["C:/x", "starts with a drive prefix"],
    ["c:x", "starts with a drive prefix"],
    ["/", "has an empty segment"],
    ["//a", "has an empty segment"],
    ["a//b", "has an empty segment"],
    ["a/", "has an empty segment"],
    [".", "has a segment that is . or .."],
    ["a/./b", "has a segment that is . or .."],
    ["/..", "has a segment that is . or .."],
  ])("the path %j", (path, words) => expect(refusePath(path)).toBe(words))
})

describe("a file's path has no segment that no file system takes", () => {
  it.each([
    ["x".repeat(255), undefined],
    ["x".repeat(256), 'has a segment of 256 bytes ("xxxxxxxxxxxxxxxx"…): a name takes 255'],
    [`a/${"é".repeat(127)}x/b`, undefined],
    [`a/${"é".repeat(128)}/b`, 'has a segment of 256 bytes ("éééééééééééééééé"…): a name takes 255'],
    [`/${"👍".repeat(64)}`, 'has a segment of 256 bytes ("👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍"…): a name takes 255'],
    ["a//b", "has an empty segment"],
  ])("%j", (path, words) => expect(refuseFilePath(path)).toBe(words))

  it("and a fact that has one is read as ever", () => expect(refusePath("x".repeat(1024))).toBeUndefined())
})

it("a path is its segments, seen from the workspace's root", () => {
  expect(["a", "/a", "a/b.json", "/a/b/c"].map(pathSegments)).toEqual([["a"], ["a"], ["a", "b.json"], ["a", "b", "c"]])
})

describe("attempts and their keys", () => {
  it("a base key is anything but a repair attempt's", () => {
    expect(
      ["k", ":repair:", "k:repair:", "k:repair:x", "k:repair:2:", "repair:2", "x".repeat(256)].map(refuseBaseKey),
    ).toEqual(Array.from({ length: 7 }))
    expect(["k:repair:2", ":repair:0", "k:repair:2:repair:3"].every((key) => refuseBaseKey(key) !== undefined)).toBe(
      true,
    )
  })
  it("the base key is found again from any attempt", () => {
    const first = requestedAt(1, { idempotencyKey: "a:repair:" })
    expect(baseKeyOf(first.payload)).toBe("a:repair:")
    const attempt = { index: 12, maxAttempts: 12, cause: "verifier_repair", repairOfRequestedEventId: "e" } as const
    const key = repairKey("a:repair:", 12)
    expect(key).toBe("a:repair::repair:12")
    expect(baseKeyOf({ ...first.payload, idempotencyKey: key, attempt })).toBe("a:repair:")
  })
  it("a request without attempt data is attempt 1 of 1", () => {
    const { attempt: _, ...payload } = requestedAt(1).payload
    expect(attemptOf(payload)).toEqual({ index: 1, maxAttempts: 1, cause: "initial" })
  })
})

it("the published schema of every payload is pinned", () => {
  for (const type of fact_types) expect(Vocabulary.jsonSchema(type)).toMatchSnapshot(type.event_type)
})
