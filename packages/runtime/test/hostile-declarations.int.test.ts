import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import {
  AgentError,
  type AgentReceipt,
  type Built,
  type Declared,
  settleJob,
  type SubmitSpec,
  type Verification,
  type Verifier,
} from "../src/index.ts"
import { refuseRequest } from "../src/agent/refuseRequest.ts"
import { reasonOf } from "./support/reasonOf.ts"
import { accept, declare, reject, spec, text, types, verifierOf, world } from "./support/world.ts"

const secret = new Error("secret text")

const trap = Object.defineProperty(new Error(), "message", {
  get: () => {
    throw secret
  },
})

const trapGetter = {
  enumerable: true,
  get: () => {
    throw secret
  },
}

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({ ...spec }, {})
  revoke()
  return proxy
}

const detached = (): Uint8Array => {
  const bytes = new Uint8Array(8)
  bytes.buffer.transfer()
  return bytes
}

/** Every way in which an answer does not come. */
const noAnswers: ReadonlyArray<readonly [string, () => Declared<never>]> = [
  [
    "throws",
    () => {
      throw secret
    },
  ],
  ["fails with what is no error", () => Effect.fail("secret text")],
  ["fails with what cannot be printed", () => Effect.fail(Object.create(null))],
  ["dies of an error whose message is a trap", () => Effect.die(trap)],
  ["rejects", () => Promise.reject(secret)],
  ["fails", () => Effect.fail(secret)],
  ["dies", () => Effect.die(secret)],
  ["interrupts itself", () => Effect.interrupt],
  ["never answers", () => Effect.never],
  ["never keeps its promise", () => new Promise<never>(() => {})],
]

/** What cannot even be told to stop. A verifier that does so holds the sealed bytes, and is waited for. */
const deafAnswers: ReadonlyArray<readonly [string, () => Declared<never>]> = [
  ["never answers and is deaf", () => Effect.uninterruptible(Effect.never)],
  ["never lets go", () => Effect.ensuring(Effect.never, Effect.never)],
]

describe("[W-30] a declaration that does not answer ends its attempt with a fact", () => {
  it.each([...noAnswers, ...deafAnswers])("the submit spec %s", async (_, answer) => {
    expect(await reasonOf({ submit: answer })).toBe("submit_spec_builder_failed")
  })
  it.each([...noAnswers, ...deafAnswers])("the builder %s", async (_, answer) => {
    expect(await reasonOf({ build: answer })).toBe("terminal_build_failed")
  })
  it.each([...noAnswers, ...deafAnswers])("the decision about a repair %s", async (_, answer) => {
    const recovery = { maxAttempts: 2, shouldRepair: answer, submit: () => spec }
    const verifier = verifierOf(() => Effect.succeed(reject))
    expect(await reasonOf({ verifier, recovery })).toBe("repair_decision_failed")
  })
  it.each(noAnswers)("the spec of a repair %s", async (_, answer) => {
    const verifier = verifierOf(() => Effect.succeed(reject))
    expect(await reasonOf({ verifier, recovery: { maxAttempts: 2, submit: answer } })).toBe(
      "submit_spec_builder_failed",
    )
  })
  it.each(noAnswers)("[W-19] [W-24] the verifier %s", async (name, answer) => {
    const reason = name.startsWith("never") ? "verifier_timeout" : "verifier_failed"
    expect(await reasonOf({ verifier: verifierOf(answer as Verifier["verify"]) })).toBe(reason)
  })
})

describe("[W-30] a declaration that answers nonsense ends its attempt with a fact", () => {
  const throwing = {
    get source(): never {
      throw secret
    },
  }
  const answers: ReadonlyArray<readonly [string, unknown, string]> = [
    ["nothing", undefined, "terminal_build_failed"],
    ["a number", 42, "terminal_build_failed"],
    ["an object without bytes", {}, "terminal_build_failed"],
    ["bytes that are no bytes", { source: [1, 2, 3] }, "terminal_build_failed"],
    ["an object that throws when it is looked at", throwing, "terminal_build_failed"],
    ["a stream of texts", { source: Stream.make("text") }, "terminal_build_failed"],
    [
      "a stream that fails midway",
      { source: Stream.concat(Stream.make(text.encode("x")), Stream.fail(secret)) },
      "terminal_build_failed",
    ],
    [
      "a stream that dies midway",
      { source: Stream.concat(Stream.make(text.encode("x")), Stream.die(secret)) },
      "terminal_build_failed",
    ],
    ["a run that is no text", { source: "x", runId: 42 }, "run_id_mismatch"],
    ["a schema that is no text", { source: "x", schemaId: null }, "terminal_schema_mismatch"],
  ]
  it.each(answers)("the builder answers %s", async (_, answer, reason) => {
    expect(await reasonOf({ build: () => answer as Built })).toBe(reason)
  })

  const hostile: ReadonlyArray<readonly [string, () => unknown]> = [
    ["a symbol for a word", () => ({ ...spec, command: ["sh", Symbol("x")] })],
    ["a word without a prototype", () => ({ ...spec, command: ["sh", Object.create(null)] })],
    ["a variable that is null", () => ({ ...spec, env: { A: null } })],
    ["reasons that are null", () => ({ ...spec, exitReasons: null })],
    ["an input that refers to nothing", () => ({ ...spec, input: () => 1 })],
    ["a reason that is a big number", () => ({ ...spec, exitReasons: { 3: 10n } })],
    ["a field that throws", () => Object.defineProperty({ ...spec }, "env", trapGetter)],
    ["a variable that throws", () => ({ ...spec, env: Object.defineProperty({}, "A", trapGetter) })],
    ["a proxy that is revoked", revoked],
  ]
  it.each(hostile)("the submit spec has %s", async (_, answer) => {
    const made = world()
    const asked: Array<unknown> = []
    const submit = () => {
      const answered = answer() as SubmitSpec
      asked.push(answered)
      return answered
    }
    made.refuseWith(new AgentError({ code: "request_invalid", key: "key-1", detail: "as the shipped agent says" }))
    expect(await reasonOf({ submit }, made)).toBe("submit_spec_builder_failed")
    expect(asked).toHaveLength(1)
  })
  it("[W-30] the shipped agent refuses a spec of the wrong kinds, and throws at none", () => {
    for (const more of [
      { exitReasons: null },
      { env: { A: null } },
      { exitReasons: { 3: null } },
      { command: ["sh", null] },
    ]) {
      const request = {
        key: "k",
        runId: "r",
        attempt: 1,
        workspace: "/",
        candidatePath: "a",
        spec: { ...spec, ...more },
      }
      expect(refuseRequest(request as never)).toEqual(expect.any(String))
    }
  })

  const likenesses: ReadonlyArray<readonly [string, () => unknown]> = [
    ["a proxy of bytes", () => new Proxy(new Uint8Array(4), {})],
    ["a likeness of bytes", () => Object.create(Uint8Array.prototype)],
    ["bytes whose memory was given away", detached],
    ["a stream of likenesses of bytes", () => Stream.make(Object.create(Uint8Array.prototype))],
  ]
  it("a seed's memory is given away before it is written", async () => {
    expect(await reasonOf({ seeds: [{ path: "a", content: detached() }] })).not.toBe("verified")
  })
  it.each(likenesses)("the builder answers %s", async (_, source) => {
    expect(await reasonOf({ build: () => ({ source: source() }) as Built })).toBe("terminal_build_failed")
  })

  const begun = Stream.make(text.encode("x"))
  const hanging: ReadonlyArray<readonly [string, () => Stream.Stream<Uint8Array, unknown>]> = [
    ["at once", () => Stream.never],
    ["midway", () => Stream.concat(begun, Stream.never)],
    ["before it is there", () => Stream.unwrap(Effect.never)],
    ["and is deaf", () => Stream.concat(begun, Stream.fromEffect(Effect.uninterruptible(Effect.never)))],
    ["and never lets go", () => Stream.concat(begun, Stream.never).pipe(Stream.ensuring(Effect.never))],
    ["behind its end", () => begun.pipe(Stream.ensuring(Effect.never))],
    [
      "in a generator",
      () =>
        Stream.fromAsyncIterable(
          (async function* () {
            yield text.encode("x")
            await new Promise(() => {})
          })(),
          (cause) => cause,
        ),
    ],
  ]
  it.each(hanging)("[W-24] the builder's stream hangs %s, and no longer than an answer may take", async (_, source) => {
    expect(await reasonOf({ build: () => ({ source: source() }) })).toBe("terminal_build_failed")
  })

  it("[W-24] the builder's stream never ends, with nothing in it or with ever more", async () => {
    const silent = world(() => "work", { deadline_ms: 50 })
    expect(await reasonOf({ build: () => ({ source: Stream.never }) }, silent)).toBe("terminal_build_failed")
    const endless = world(() => "work", { bytes_max: 10_000 })
    const chunk = new Uint8Array(999)
    const more = () => ({ source: Stream.fromEffectRepeat(Effect.succeed(chunk)) })
    expect(await reasonOf({ build: more }, endless)).toBe("artifact_too_large")
    expect(endless.disk.files("/data/staging")).toEqual([])
  })

  const longest = { name: "c", status: "failed" as const, message: "x".repeat(16_384) }
  const nonsense: ReadonlyArray<readonly [string, unknown]> = [
    ["nothing", undefined],
    ["no verdict", { checks: [] }],
    [
      "a verdict that throws when it is looked at",
      {
        get ok(): never {
          throw secret
        },
      },
    ],
    ["yes, without a list of checks", { ok: true }],
    ["no, although every check passed", { ok: false, checks: accept.checks, reason: "no" }],
    ["no, without a reason", { ok: false, checks: reject.checks }],
    ["a check without a name", { ok: false, reason: "no", checks: [{ name: "", status: "failed" }] }],
    ["more than one fact can carry", { ok: false, reason: "no", checks: Array(1000).fill(longest) }],
  ]
  it.each(nonsense)("[W-19] the verifier answers %s", async (_, answer) => {
    const verifier = verifierOf(() => Effect.succeed(answer as Verification))
    expect(await reasonOf({ verifier })).toBe("verifier_failed")
  })

  it("the decision about a repair is no yes unless it is `true`", async () => {
    const verifier = verifierOf(() => Effect.succeed(reject))
    const shouldRepair = () => "yes" as unknown
    const recovery = { maxAttempts: 2, shouldRepair: shouldRepair as () => boolean, submit: () => spec }
    expect(await reasonOf({ verifier, recovery })).toBe("verifier_rejected")
  })

  const receipts: ReadonlyArray<readonly [string, unknown]> = [
    ["nothing", undefined],
    ["no id", { ok: true, diagnostics: {} }],
    ["an empty id", { submitRunId: "", ok: true, diagnostics: {} }],
    ["an id that is too long", { submitRunId: "x".repeat(1025), ok: true, diagnostics: {} }],
    ["an id that is no text", { submitRunId: "\ud800", ok: true, diagnostics: {} }],
    ["no outcome", { submitRunId: "run_1", ok: "yes", diagnostics: {} }],
    ["a reason that is none", { submitRunId: "run_1", ok: false, reason: "secret text", diagnostics: {} }],
    ["no diagnostics", { submitRunId: "run_1", ok: true }],
  ]
  it.each(receipts)("[W-23] the agent answers with %s instead of a receipt", async (_, receipt) => {
    const made = world()
    made.endWith(() => receipt as AgentReceipt)
    expect(await reasonOf({}, made)).toBe("runtime_projection_missing")
  })

  it("the agent's records are damaged", async () => {
    const made = world()
    made.refuseWith(new AgentError({ code: "folder_damaged", key: "key-1", detail: "receipt.json is not JSON" }))
    expect(await reasonOf({}, made)).toBe("runtime_projection_missing")
  })

  it("the agent says that nothing can be started from the spec", async () => {
    const made = world()
    made.refuseWith(new AgentError({ code: "request_invalid", key: "key-1", detail: "there is no command" }))
    expect(await reasonOf({ submit: () => ({}) as SubmitSpec }, made)).toBe("submit_spec_builder_failed")
    expect(made.runs).toEqual([])
  })
})

it("[W-30] an agent whose records cannot be read is an error of the call: nothing is recorded, and asking again goes on", async () => {
  const made = world()
  made.refuseWith(new AgentError({ code: "folder_refused", key: "key-1", detail: "no room" }))
  const [error, before, status] = await made.run(
    Effect.gen(function* () {
      const error = yield* Effect.flip(settleJob(declare()))
      const before = yield* types
      made.refuseWith(undefined)
      return [error, before, yield* settleJob(declare())] as const
    }),
  )
  expect(error).toMatchObject({ _tag: "AgentError", code: "folder_refused" })
  expect(String(error)).toContain("ask again under the same key")
  expect(before).toEqual(["requested", "seed_written"])
  expect(status.status).toBe("verified")
  expect(made.runs).toHaveLength(1)
})
