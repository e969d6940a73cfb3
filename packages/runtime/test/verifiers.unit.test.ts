import { FileError } from "@waybill/host"
import { StorageFailed } from "@waybill/data-plane"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  allOf,
  jsonSchemaVerifier,
  type Verification,
  type Verifier,
  VerifierError,
  type VerifierInput,
} from "../src/index.ts"
import { ask } from "../src/verifier/ask.ts"
import { answer_characters_max, checkAnswer, prose_length_max } from "../src/verifier/Verifier.ts"

const encoder = new TextEncoder()

const inputOf = (content: Uint8Array | string, stream?: VerifierInput["artifact"]["stream"]): VerifierInput => {
  const bytes = typeof content === "string" ? encoder.encode(content) : content
  return {
    runId: "run-1",
    attempt: 1,
    verificationId: "v1",
    receipt: { submitRunId: "run_1", ok: true, diagnostics: {} },
    artifact: {
      path: "/nowhere",
      bytes: bytes.byteLength,
      sha256: "sha256:unread",
      schemaId: "json/v1",
      stream: stream ?? Stream.make(bytes.subarray(0, 3), bytes.subarray(3)),
    },
  }
}
const asked = (verifier: Verifier, input: VerifierInput) => Effect.runPromise(Effect.result(ask(verifier, input)))
const passed = { name: "c", status: "passed" as const }
const failed = { name: "c", status: "failed" as const }

describe("[W-19] an answer counts only when it is one", () => {
  const check = fc.record(
    {
      name: fc.oneof(fc.string({ maxLength: 20 }), fc.constant("x".repeat(1025)), fc.constant("\ud800")),
      status: fc.constantFrom("passed", "failed", "maybe"),
      message: fc.oneof(fc.string(), fc.constant("\udc00"), fc.integer()),
    },
    { requiredKeys: ["status"] },
  )
  const answer = fc.oneof(
    fc.anything(),
    fc.record({
      ok: fc.constantFrom(true, false, "yes", 1),
      checks: fc.array(check, { maxLength: 4 }),
      reason: fc.string(),
    }),
  )

  it("whatever is answered, it is a verdict that agrees with its checks, or a malfunction", () => {
    fc.assert(
      fc.property(answer, (given) => {
        const checked = checkAnswer("v", given)
        if (Result.isFailure(checked)) {
          expect(checked.failure).toMatchObject({ _tag: "VerifierError", code: "malformed" })
          return
        }
        const { checks, ok } = checked.success
        const failures = checks.filter(({ status }) => status === "failed").length
        expect(ok ? checks.length > 0 && failures === 0 : checks.length === 0 || failures > 0).toBe(true)
        expect(JSON.stringify(checked.success).isWellFormed()).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it("all its texts together have an end, to the character", () => {
    const message = "x".repeat(prose_length_max)
    const full = Array.from({ length: answer_characters_max / prose_length_max - 1 }, () => ({ ...failed, message }))
    const room = prose_length_max - full.length * failed.name.length
    const fits = { ok: false, checks: full, reason: "r".repeat(room) }
    expect(Result.isSuccess(checkAnswer("v", fits))).toBe(true)
    expect(Result.isFailure(checkAnswer("v", { ...fits, checks: [...full, failed] }))).toBe(true)
  })
})

describe("a JSON Schema check", () => {
  const schema = { type: "object", required: ["name"], properties: { name: { type: "string" } } }
  const verifier = jsonSchemaVerifier({ schema })

  it("accepts what fits, and names what does not", async () => {
    expect(await asked(verifier, inputOf('{"name":"x"}'))).toMatchObject({ success: { ok: true } })
    expect(await asked(verifier, inputOf('{"name":7}'))).toMatchObject({
      success: { ok: false, reason: "/name must be string", checks: [{ name: "json-schema", status: "failed" }] },
    })
  })

  it.each([
    ["nothing", ""],
    ["half an object", '{"name":'],
    ["two objects", '{"name":"x"}{"name":"y"}'],
    ["what is not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["a character of which the parser's complaint shows one half", "\u{1f600}"],
    ["a byte-order mark and nothing else", Uint8Array.of(0xef, 0xbb, 0xbf)],
  ])("rejects %s as no JSON: that is about the work, and not about the check", async (_, content) => {
    expect(await asked(verifier, inputOf(content))).toMatchObject({
      success: { ok: false, checks: [{ name: "json" }] },
    })
  })

  it("rejects unread what is too large to be parsed", async () => {
    const small = jsonSchemaVerifier({ schema, bytes_max: 10 })
    const unread = Stream.die(new Error("it was read"))
    expect(await asked(small, inputOf('{"name":"xxx"}', unread))).toMatchObject({ success: { ok: false } })
  })

  it("says what a fact can carry, whatever the keys of the artifact are", async () => {
    const strings = jsonSchemaVerifier({ schema: { additionalProperties: { type: "string" } } })
    const keys = fc.array(
      fc.oneof(fc.string({ unit: "binary" }), fc.constant("k".repeat(30_000)), fc.constant("\ud800")),
      {
        minLength: 1,
        maxLength: 60,
      },
    )
    await fc.assert(
      fc.asyncProperty(keys, async (names) => {
        const content = JSON.stringify(Object.fromEntries(names.map((name) => [name, 7])))
        const answer = await asked(strings, inputOf(content))
        expect(Result.isSuccess(answer) && !answer.success.ok).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it("that is brought down by the artifact has failed, and says nothing about the work", async () => {
    const nested = jsonSchemaVerifier({ schema: { $id: "n", type: "array", items: { $ref: "n" } } })
    const deep = "[".repeat(200_000) + "]".repeat(200_000)
    expect(await asked(nested, inputOf(deep))).toMatchObject({ failure: { _tag: "VerifierError", code: "failed" } })
    const torn = Stream.fail(
      new StorageFailed({ hop: "verify", cause: new FileError({ operation: "read", path: "x", code: "EIO" }) }),
    )
    expect(await asked(verifier, inputOf("{}", torn))).toMatchObject({ failure: { code: "failed" } })
  })

  it("speaks draft-07 where its schema does, and refuses a schema that is none", async () => {
    const draft07 = jsonSchemaVerifier({
      schema: {
        $schema: "http://json-schema.org/draft-07/schema#",
        definitions: { a: { type: "string" } },
        items: [{ $ref: "#/definitions/a" }],
      },
    })
    expect(await asked(draft07, inputOf("[7]"))).toMatchObject({ success: { ok: false } })
    expect(() => jsonSchemaVerifier({ schema: { type: "nonsense" } })).toThrow()
  })
})

describe("several verifiers as one", () => {
  const say = (name: string, answer: unknown): Verifier => ({
    name,
    verify: () => Effect.succeed(answer as Verification),
  })
  const input = inputOf("{}")

  it("accept when all do, and each check bears the name of whose it is", async () => {
    const all = allOf([
      say("a", { ok: true, checks: [passed], summary: "fine" }),
      say("b", { ok: true, checks: [passed] }),
    ])
    expect(await asked(all, input)).toMatchObject({
      success: { ok: true, summary: "fine", checks: [{ name: "a: c" }, { name: "b: c" }] },
    })
  })

  it("all speak, also when the first has rejected", async () => {
    const all = allOf([
      say("a", { ok: false, checks: [failed], reason: "one" }),
      say("b", { ok: false, checks: [failed], reason: "two" }),
    ])
    expect(await asked(all, input)).toMatchObject({ success: { ok: false, reason: "a: one; b: two" } })
  })

  it.each([
    ["accepts without a check", say("b", { ok: true, checks: [] })],
    ["accepts although a check failed", say("b", { ok: true, checks: [failed] })],
    ["rejects although every check passed", say("b", { ok: false, checks: [passed], reason: "no" })],
    ["answers nothing", say("b", undefined)],
    [
      "fails",
      { name: "b", verify: () => Effect.fail(new VerifierError({ verifier: "b", code: "timeout", detail: "x" })) },
    ],
    [
      "throws",
      {
        name: "b",
        verify: () => {
          throw new Error("x")
        },
      },
    ],
  ] as const)("[W-19] have failed as a whole when one of them %s, whatever the others say", async (_, liar) => {
    for (const other of [
      say("a", { ok: true, checks: [passed] }),
      say("a", { ok: false, checks: [failed], reason: "no" }),
    ])
      for (const all of [allOf([other, liar]), allOf([liar, other])])
        expect(await asked(all, input)).toMatchObject({ failure: { _tag: "VerifierError", verifier: "b" } })
  })

  it("reject in words that a fact can carry, however many they are", async () => {
    const wordy = say("a", { ok: false, checks: [failed], reason: "\u{1f600}".repeat(prose_length_max / 2) })
    const answer = await asked(allOf([wordy, wordy, wordy]), input)
    expect(Result.isSuccess(answer) && !answer.success.ok && answer.success.reason.length).toBe(prose_length_max)
  })
})
