import { scriptedProcesses } from "@waybill/host"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { commandVerifier, deliverJob, type JobDeclaration, settleJob, type SettleOptions } from "../src/index.ts"
import { reasonOf } from "./support/reasonOf.ts"
import { declare, spec, text, types, world } from "./support/world.ts"

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

  const names: ReadonlyArray<readonly [keyof JobDeclaration, unknown, string]> = [
    ["runId", "", 'is ""'],
    ["runId", "schedule", "reserved"],
    ["runId", "ledger", "reserved"],
    ["runId", "a\0b", "control character"],
    ["runId", " a", "white space"],
    ["runId", "a\nb", "control character"],
    ["runId", "x".repeat(257), "256 bytes"],
    ["runId", "\ud800", "surrogate"],
    ["runId", undefined, "is absent, and must be a text"],
    ["idempotencyKey", undefined, "is absent, and must be a text"],
    ["idempotencyKey", 7, "is 7, and must be a text"],
    ["idempotencyKey", "", "is empty"],
    ["requestedBy", "", 'is "": expected'],
    ["requestedBy", "x".repeat(1025), "1024"],
    ["terminalSchemaId", "", 'is "": expected'],
    ["terminalSchemaId", null, "is absent, and must be a text"],
    ["candidatePath", undefined, "is absent, and must be a text"],
    ["workspaceRef", "", 'is "": expected'],
    ["inputRef", 7, "string"],
    ["inputHash", "", 'is "": expected'],
    ["recovery", { maxAttempts: 1_000_001, submit: () => spec }, "1000000"],
  ]
  it.each(names)("the %s %j, and it is said which it is, why, and what to do", async (field, value, words) => {
    const made = world()
    const [error, facts] = await made.run(
      Effect.gen(function* () {
        return [yield* Effect.flip(settleJob(declare({ [field]: value }))), yield* types] as const
      }),
    )
    expect(error).toMatchObject({ _tag: "InvalidDeclaration" })
    if (field !== "recovery") expect(error).toMatchObject({ field })
    expect(error.message).toContain(words)
    expect(error.message).toMatch(/Nothing was begun: correct it and ask again$/u)
    expect([...facts, ...made.disk.files("/")]).toEqual([])
  })
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
    "x".repeat(256),
    `a/${"é".repeat(128)}`,
    `${"👍".repeat(64)}/b`,
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

  it("a path is refused whose place this machine has no path for, before the agent is begun", async () => {
    const root = `/${Array.from({ length: 20 }, () => "x".repeat(200)).join("/")}`
    const refused = async (more: Partial<JobDeclaration>) => {
      const made = world(undefined, { root })
      const field = await refusalOf(more, made)
      expect([...made.runs, ...made.disk.files("/")]).toEqual([])
      return field
    }
    const path = Array.from({ length: 5 }, () => "y".repeat(200)).join("/")
    expect(await refused({ candidatePath: path })).toBe("candidatePath")
    expect(await refused({ candidatePath: "a", seeds: [{ path, content: text.encode("x") }] })).toBe("seeds")
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
