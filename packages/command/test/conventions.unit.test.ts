/**
 * What every command has without saying so: facts about the answer, how much is said, what is only looked at.
 *
 * @module
 */
import { describe, expect, it } from "vitest"
import { application, batchReport, command, CommandError, invoke } from "../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const PARTIAL_FAILURE = { description: "Some failed", retryable: false, side_effects: "partial" } as const
const object = { type: "object" } as const
let sent: ReadonlyArray<string> = []

const send = command({
  name: "send",
  description: "Sends letters.",
  danger_level: "mutating",
  contract_version: "2.1.0",
  parameters: {
    to: { type: "array", required: true, positional: 0, description: "To whom" },
    mode: { type: "enum", enum_values: ["post", "pigeon"], default: "post", description: "How" },
    stamp: { type: "string", description: "With what stamp" },
    coat: { type: "boolean", description: "Whether it rains" },
  },
  requires: [
    { if_flag: "mode", if_value: "pigeon", then_required: ["coat"] },
    { if_flag: "coat", prohibited: ["stamp"] },
  ],
  exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "complete" }, PARTIAL_FAILURE },
  output_schema: object,
  execute: async ({ to }, ctx) => {
    ctx.log("sending")
    sent = to
    return batchReport(
      to.map((id) => (id === "nobody" ? { id, error: { code: "UNKNOWN", message: "Not known." } } : { id })),
    )
  },
})
const burn = command({
  name: "burn",
  description: "Burns letters.",
  danger_level: "destructive",
  dry_run: "supported",
  exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "complete" } },
  output_schema: object,
  execute: async (_, ctx) => ({ effect: ctx.dryRun ? "would_delete" : "deleted", would_affect: 3 }),
})
const post = application({ name: "post", version: "3.2.1", commands: [send, burn] })

describe("meta", () => {
  it("says which command, which contract, which tool and which envelope answered, and when [F-022 F-023]", async () => {
    const { envelope } = await invoke(post, ["send", "Ada"])
    expect(envelope?.meta).toMatchObject({
      command: "send",
      schema_version: "1.0",
      contract_version: "2.1.0",
      tool_version: "3.2.1",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u),
    })
  })

  it("what differs from call to call is there, and never in data [F-021 F-025]", async () => {
    const answers = await Promise.all([invoke(post, ["send", "Ada"]), invoke(post, ["send", "Ada"])])
    const [one, other] = answers.map(({ envelope }) => envelope)
    expect(one?.data).toEqual(other?.data)
    expect(one?.meta.request_id).not.toBe(other?.meta.request_id)
  })
})

describe("how much is said", () => {
  it("--quiet leaves stderr empty, --verbose tells what the handler logs, and piped it is silent [O-008]", async () => {
    const stderrOf = async (...flags: ReadonlyArray<string>) => (await invoke(post, ["send", "Ada", ...flags])).stderr
    expect(await stderrOf()).toBe("")
    expect(await stderrOf("--quiet")).toBe("")
    expect(await stderrOf("--verbose")).toContain("sending")
    expect(await stderrOf("--debug")).toContain("sending")
  })
  it.each([
    ["--quiet", "--verbose"],
    ["--quiet", "--debug"],
    ["--verbose", "--debug"],
  ])("%s and %s exclude each other [O-008]", async (...flags) => {
    expect((await invoke(post, ["send", "Ada", ...flags])).exit_code).toBe(2)
  })
})

describe("what is only looked at", () => {
  it("--validate-only checks the words and stops there, with the same refusals [O-009]", async () => {
    sent = []
    const fine = await invoke(post, ["send", "Ada", "--validate-only"])
    expect([fine.exit_code, fine.envelope?.data, fine.envelope?.meta.validation_only]).toEqual([
      0,
      { valid: true },
      true,
    ])
    expect((await invoke(post, ["send", "--validate-only"])).exit_code).toBe(2)
    expect(sent).toEqual([])
  })
  it("--dry-run is there for what destroys, reaches the handler, and is unknown elsewhere [C-003 C-004]", async () => {
    expect((await invoke(post, ["burn", "--dry-run"])).envelope?.data).toMatchObject({ effect: "would_delete" })
    expect((await invoke(post, ["burn"])).envelope?.data).toMatchObject({ effect: "deleted" })
    expect((await invoke(post, ["send", "Ada", "--dry-run"])).exit_code).toBe(2)
  })
})

it("rules between flags are checked together with everything else [C-026 C-006]", async () => {
  const words = ["send", "--mode", "pigeon", "--coat", "--stamp", "blue", "--lot"]
  const { envelope, exit_code } = await invoke(post, words)
  const fields = (envelope?.error?.errors ?? []).map(({ field }) => field)
  expect([exit_code, envelope?.error?.phase]).toEqual([2, "validation"])
  expect(fields.toSorted()).toEqual(["lot", "stamp", "to"])
  const { envelope: without } = await invoke(post, ["send", "Ada", "--mode", "pigeon"])
  expect(without?.error?.errors).toMatchObject([{ field: "coat" }])
})

it("a batch says what became of each item; one that failed is exit 3, and the data stays [C-009]", async () => {
  const all = await invoke(post, ["send", "Ada", "Grace"])
  expect([all.exit_code, all.envelope?.data]).toEqual([
    0,
    {
      summary: { total: 2, succeeded: 2, failed: 0 },
      results: [
        { id: "Ada", ok: true },
        { id: "Grace", ok: true },
      ],
    },
  ])
  const some = await invoke(post, ["send", "Ada", "nobody"])
  expect(some).toMatchObject({
    exit_code: 3,
    envelope: {
      error: { code: "PARTIAL_FAILURE", message: "1 of 2 failed: nobody." },
      data: {
        summary: { total: 2, succeeded: 1, failed: 1 },
        results: [
          { id: "Ada", ok: true },
          { id: "nobody", ok: false, error: { code: "UNKNOWN" } },
        ],
      },
    },
  })
})

it("data of a failure that is a result is shown as results are", async () => {
  const judge = command({
    name: "judge",
    description: "Judges.",
    danger_level: "safe",
    parameters: { plain: { type: "boolean", description: "Whether the data is something else" } },
    exit_codes: { SUCCESS, NOT_FOUND: SUCCESS },
    output_schema: object,
    render: ({ verdict }: { readonly verdict?: string }) => `the verdict: ${verdict}`,
    execute: async ({ plain }) => {
      const said = { exit: "NOT_FOUND", code: "NONE", message: "No.", data: { verdict: "no" } } as const
      throw new CommandError(plain ? said : { ...said, isResult: true })
    },
  })
  const app = application({ name: "court", version: "1.0.0", commands: [judge] })
  const on = { terminal: { columns: 80 }, env: { NO_COLOR: "1" } }
  expect((await invoke(app, ["judge"], on)).stdout).toBe("the verdict: no\n")
  expect((await invoke(app, ["judge", "--plain"], on)).stdout).toBe("verdict  no\n")
  expect((await invoke(app, ["judge"])).envelope?.data).toEqual({ verdict: "no" })
})
