import { scriptedProcesses } from "@waybill/host"
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import {
  AgentError,
  type AgentReceipt,
  type Built,
  commandVerifier,
  type Declared,
  deliverJob,
  type JobDeclaration,
  settleJob,
  type SettleOptions,
  type SubmitSpec,
  type Verification,
  type Verifier,
} from "../src/index.ts"
import { refuseRequest } from "../src/agent/refuseRequest.ts"
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

/** Settles; answers the reason in the fact. The attempt has ended, and no word of what was thrown is in the ledger. */
const reasonOf = (more: Partial<JobDeclaration>, made = world()) =>
  made.run(
    Effect.gen(function* () {
      const status = yield* settleJob(declare({ answerDeadline_ms: 20, verifierDeadline_ms: 20, ...more }))
      const told = JSON.stringify(status)
      expect(told).not.toContain("secret")
      const asked = yield* settleJob(declare(more))
      expect(asked).toEqual(status)
      return status.status === "failed" ? status.failed.failure.reason : status.status
    }),
  )

describe("[W-30] a declaration that does not answer ends its attempt with a fact", () => {
  it.each(noAnswers)("the submit spec %s", async (_, answer) => {
    expect(await reasonOf({ submit: answer })).toBe("submit_spec_builder_failed")
  })
  it.each(noAnswers)("the builder %s", async (_, answer) => {
    expect(await reasonOf({ build: answer })).toBe("terminal_build_failed")
  })
  it.each(noAnswers)("the decision about a repair %s", async (_, answer) => {
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

/** Settles a declaration that cannot be; answers what of it is refused. Nothing was recorded. */
const refusalOf = (more: Partial<JobDeclaration>, made = world(), options: SettleOptions = {}) =>
  made.run(
    Effect.gen(function* () {
      const error = yield* Effect.flip(settleJob(declare(more), options))
      expect(yield* types).toEqual([])
      return error._tag === "InvalidDeclaration" ? error.field : error._tag
    }),
  )

describe("what cannot be declared is refused before anything is recorded", () => {
  it.each([Number.NaN, -1, 2 ** 31])("a wait of %s ms for the run", async (holdWait_ms) => {
    expect(await refusalOf({}, world(), { holdWait_ms })).toBe("holdWait_ms")
  })

  it.each([
    ["a protocol's own variable", { env: { WAYBILL_X: "1" } }],
    ["a variable without a name", { env: { "": "1" } }],
    ["a variable whose name holds an equals sign", { env: { "A=B": "1" } }],
    ["a NUL", { env: { A: "a\0b" } }],
    ["no program", { command: [""] as const }],
  ])("a verifier with %s", async (_, more) => {
    const made = commandVerifier({ command: ["./v"], cwd: "/", ...more })
    const error = await Effect.runPromise(Effect.flip(made).pipe(Effect.provide(scriptedProcesses(() => ({})).layer)))
    expect(error._tag).toBe("InvalidDeclaration")
  })

  it.each([
    ["no time for the verifier", { verifierDeadline_ms: Number.NaN }],
    ["more time for the verifier than a timer holds", { verifierDeadline_ms: 2 ** 31 }],
    ["more time for an answer than a timer holds", { answerDeadline_ms: Number.POSITIVE_INFINITY }],
    ["a path that leads out", { candidatePath: "../../x" }],
    ["a seed without bytes", { seeds: [{ path: "a", content: "text" }] as never }],
    ["no verifier", { verifier: undefined as never }],
    ["a spec that is no function", { submit: spec as never }],
    ["no time for an answer", { answerDeadline_ms: 0 }],
    ["an infinite number of attempts", { recovery: { maxAttempts: Number.POSITIVE_INFINITY, submit: () => spec } }],
    [
      "more seeds than a fact can name",
      {
        seeds: Array.from({ length: 5000 }, (_, n) => ({
          path: `${n}/${"x".repeat(1000)}`,
          content: new Uint8Array(),
        })),
      },
    ],
  ] as const)("%s", async (_, more) => {
    const made = world()
    const [error, facts] = await made.run(
      Effect.gen(function* () {
        return [yield* Effect.flip(settleJob(declare(more))), yield* types] as const
      }),
    )
    expect(error._tag).toBe("InvalidDeclaration")
    expect(facts).toEqual([])
  })

  it.each(["", "schedule", "ledger", "a\0b", " a", "a\nb", "x".repeat(257), "\ud800"])(
    "the run id %j",
    async (runId) => {
      const made = world()
      const [error, facts] = await made.run(
        Effect.gen(function* () {
          return [yield* Effect.flip(settleJob(declare({ runId }))), yield* types] as const
        }),
      )
      expect(error._tag).toBe("InvalidFact")
      expect(facts).toEqual([])
      expect(made.disk.files("/")).toEqual([])
    },
  )
})

describe("a path that is declared leads nowhere but below its root", () => {
  const refused = [
    "..",
    ".",
    "",
    "/",
    "../out.txt",
    "/../out.txt",
    "a/../../out.txt",
    "a/./b",
    "a//b",
    "a/",
    "a\0b",
    "a\nb",
    "a\\b",
    "C:\\out.txt",
    "C:/out.txt",
    "\ud800",
    "x".repeat(1025),
  ]
  it.each(refused)("%j is refused as a seed, as the candidate and as the host's terminal path", async (path) => {
    const seeded = world()
    expect(await refusalOf({ seeds: [{ path, content: text.encode("x") }] }, seeded)).toBe("seeds")
    const asked = world()
    expect(await refusalOf({ candidatePath: path }, asked)).toBe("candidatePath")
    const hosted = world()
    expect(await refusalOf({}, hosted, { terminalPath: path })).toBe("terminalPath")
    for (const { disk, runs } of [seeded, asked, hosted]) expect([...runs, ...disk.files("/")]).toEqual([])
  })

  const names = [
    "．．/out.txt",
    "..../out.txt",
    "..a/b",
    "%2e%2e/out.txt",
    "~/out.txt",
    "e\u0301.txt",
    "-rf",
    "$(id)",
    ".waybill-tmp-00",
  ]
  it.each(names)("%j is a name like any other, and stays as it is", async (path) => {
    const made = world()
    expect(await reasonOf({ seeds: [{ path, content: text.encode("x") }] }, made)).toBe("verified")
    expect(made.disk.files("/data/workspaces/run-1")).toContain(`/data/workspaces/run-1/${path}`)
  })

  it.each([
    ["the same path", "a", "a"],
    ["the same path, from the root", "a/b", "/a/b"],
    ["one is a folder of the other", "a", "a/b/c"],
    ["one is a folder of the other, with a neighbour between them in the alphabet", "a", "a/b", "a.txt"],
    ["letters that look the same", "e\u0301", "\u00e9"],
  ] as const)("seeds that overlap are refused, and none is written: %s", async (_, ...paths) => {
    for (const order of [paths, paths.toReversed()]) {
      const made = world()
      expect(await refusalOf({ seeds: order.map((path) => ({ path, content: text.encode(path) })) }, made)).toBe(
        "seeds",
      )
      expect([...made.runs, ...made.disk.files("/")]).toEqual([])
    }
  })

  it.each([
    "../../etc",
    "/etc/passwd",
    "..",
    "a/b",
    "Run",
    "run",
    "RUN",
    "%2e%2e",
    "~",
    "ü",
    "u\u0308",
    "x".repeat(256),
  ])("the run id %j has folders of its own, below the roots", async (runId) => {
    const made = world(() => `work of ${runId}`)
    const others = ["run", "..", "\u00fc"].filter((other) => other !== runId)
    const chunks: Array<Uint8Array> = []
    await made.run(
      Effect.gen(function* () {
        yield* settleJob(declare({ runId }))
        for (const other of others) yield* settleJob(declare({ runId: other, idempotencyKey: other }))
        yield* deliverJob(runId, { sink: (chunk) => Effect.sync(() => void chunks.push(chunk)) })
      }),
    )
    expect(Buffer.concat(chunks).toString()).toBe(`work of ${runId}`)
    expect(made.disk.files("/").filter((file) => !/^\/+(data|holds)\//u.test(file))).toEqual([])
    expect(made.disk.files("/data/workspaces")).toHaveLength(1 + others.length)
  })
})

describe("a candidate that is no file ends the attempt", () => {
  it.each([
    ["a link", "link"],
    ["a FIFO", "fifo"],
    ["a folder", "directory"],
  ] as const)("%s", async (_, what) => {
    const made = world(() => {
      made.disk.plant("/data/workspaces/run-1/out.txt", what)
      return undefined
    })
    expect(await reasonOf({}, made)).toBe("path_refused")
  })

  it("a file below a link that the agent put in the place of a folder", async () => {
    const made = world(() => {
      made.disk.plant("/data/workspaces/run-1/folder", "link")
      return undefined
    })
    expect(await reasonOf({ candidatePath: "folder/out.txt" }, made)).toBe("path_refused")
  })

  it("nothing, because the agent has deleted its workspace", async () => {
    const made = world(() => {
      made.disk.remove("/data/workspaces/run-1")
      return undefined
    })
    expect(await reasonOf({}, made)).toBe("candidate_missing")
  })
})
