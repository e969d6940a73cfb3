/**
 * What a program answers, called inside this process.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { FrameworkError, type ResponseEnvelope, job_descriptor_schema } from "@waybill/command-contract"
import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, it } from "vitest"
import { framework_version } from "../src/Version.ts"
import { CommandError, application, check, command, invoke } from "../src/index.ts"

/** The data of an answer, which must be there. */
const dataOf = <T extends object>(envelope: ResponseEnvelope | undefined): T => {
  if (envelope?.data === undefined || envelope.data === null) throw new Error("there is no data")
  return envelope.data as T
}

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const NOT_FOUND = { description: "Not there", retryable: false, side_effects: "none" } as const
const RATE_LIMITED = { description: "Too often", retryable: true, side_effects: "none" } as const
const object = { type: "object" } as const

const list = command({
  name: "item list",
  description: "Lists items.",
  danger_level: "safe",
  aliases: ["ls"],
  list: { default_limit: 2 },
  exit_codes: { SUCCESS },
  output_schema: object,
  examples: [{ description: "The first five", command: "shop item list --limit 5" }],
  execute: async (_, ctx) => ({
    items: [
      { id: 1, name: "pen" },
      { id: 2, name: "ink" },
    ].slice(0, ctx.list.limit),
  }),
})
const fail = command({
  name: "fail",
  description: "Fails.",
  danger_level: "safe",
  parameters: {
    how: {
      type: "enum",
      enum_values: ["typed", "limited", "partial"],
      positional: 0,
      default: "typed",
      description: "How",
    },
  },
  exit_codes: { SUCCESS, NOT_FOUND, RATE_LIMITED },
  error_registry: { TOO_OFTEN: { exit: "RATE_LIMITED", retry_after_ms: 500, retry_strategy: "linear_backoff" } },
  output_schema: object,
  execute: async ({ how }) => {
    if (how === "limited") throw Object.assign(new Error("slow down"), { code: "TOO_OFTEN" })
    throw new CommandError({
      exit: "NOT_FOUND",
      code: "ITEM_MISSING",
      message: "There is no such item.",
      suggestion: "List the items with: shop item list",
      retry_after_ms: 5,
      ...(how === "partial" ? { data: { seen: 1 } } : {}),
    })
  },
})
const wrong = command({
  name: "wrong",
  description: "Answers what it did not promise.",
  danger_level: "safe",
  exit_codes: { SUCCESS },
  output_schema: { type: "object", required: ["price"], properties: { price: { type: "number" } } },
  execute: async () => ({ price: "much" }),
})
const order = command({
  name: "order",
  description: "Orders.",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema,
  exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "partial" } },
  execute: async () => ({ job_id: "o/1" }),
})
const shop = application({
  name: "shop",
  version: "2.0.0",
  description: "Sells things.",
  commands: [list, fail, wrong, order],
  jobs: {
    id_pattern: "^[a-z]/[0-9]$",
    parameters: { server: { type: "string", description: "Where to ask" } },
    status: async (id) => (id === "o/1" ? { descriptor: { status: "complete" }, result: { paid: true } } : undefined),
    cancel: async () => ({ descriptor: { status: "running" } }),
  },
})

describe("discovery", () => {
  const ajv = new Ajv2020({ strict: true })
  const validate = {
    manifest: ajv.compile(publishedJsonSchema("manifest")),
    command: ajv.compile(publishedJsonSchema("command-schema")),
  }

  it("every command's schema and the manifest keep the published schemas [C-015 O-013 O-041]", async () => {
    const { envelope } = await invoke(shop, ["--schema"])
    expect(validate.manifest(envelope?.data), JSON.stringify(validate.manifest.errors)).toBe(true)
    const { commands } = dataOf<{ readonly commands: Record<string, { readonly flags: object }> }>(envelope)
    expect(Object.keys(commands)).toEqual([
      "completions",
      "doctor",
      "fail",
      "item.list",
      "job.cancel",
      "job.status",
      "manifest",
      "order",
      "wrong",
    ])
    for (const [path, entry] of Object.entries(commands)) {
      const { exit_code, stdout } = await invoke(shop, [...path.split("."), "--schema"])
      const shown: unknown = JSON.parse(stdout)
      expect(validate.command(shown), JSON.stringify(validate.command.errors)).toBe(true)
      expect([exit_code, shown]).toMatchObject([0, { parameters: entry.flags, flags: entry.flags }])
    }
  })
  it("the etag does not depend on the order of registrations, and depends on every description", async () => {
    const etag = async (commands: ReadonlyArray<typeof list>) => {
      const { envelope } = await invoke(application({ ...shop, commands }), ["manifest"])
      return dataOf<{ readonly etag: string }>(envelope).etag
    }
    expect(await etag([order, wrong, fail, list])).toBe(await etag(shop.commands))
    const other = { ...fail, declaration: { ...fail.declaration, description: "Fails well." } }
    expect(await etag([list, other, wrong, order])).not.toBe(await etag(shop.commands))
  })
  it("a current etag is answered with nothing, another one with everything [O-041]", async () => {
    const all = await invoke(shop, ["manifest"])
    const { etag } = dataOf<{ readonly etag: string }>(all.envelope)
    expect((await invoke(shop, ["manifest", "--etag", etag])).envelope).toMatchObject({
      ok: true,
      data: null,
      meta: { not_modified: true },
    })
    expect((await invoke(shop, ["manifest", "--etag", "old"])).envelope?.data).toEqual(all.envelope?.data)
  })
  it("an async command's schema has its descriptor and the codes of the commands that come with it", async () => {
    const { stdout } = await invoke(shop, ["order", "--schema"])
    expect(JSON.parse(stdout)).toMatchObject({
      async: true,
      job_descriptor_schema: { required: expect.arrayContaining(["job_id", "terminal"]) },
      job_commands: {
        status: {
          command: "job.status",
          exit_codes: { "0": {}, "3": { name: "JOB_RUNNING", retryable: true }, "4": { name: "JOB_FAILED" }, "5": {} },
        },
        cancel: { command: "job.cancel", exit_codes: { "0": {}, "3": {}, "5": {}, "6": {} } },
      },
    })
  })
  it("the framework's version is the package's", () => {
    const manifest: { readonly version: string } = JSON.parse(
      readFileSync(join(import.meta.dirname, "../package.json"), "utf8"),
    )
    expect(framework_version).toBe(manifest.version)
  })
})

describe("help and version", () => {
  it("the version is one line, and an envelope when that is asked for [F-068]", async () => {
    expect(await invoke(shop, ["-V"])).toMatchObject({ exit_code: 0, stdout: "shop 2.0.0\n", stderr: "" })
    expect((await invoke(shop, ["--version", "--output", "json"])).envelope?.data).toEqual({
      name: "shop",
      version: "2.0.0",
    })
  })
  it("piped, help is text on stderr and the commands as JSON on stdout [F-068 F-003]", async () => {
    const { envelope, stderr } = await invoke(shop, [])
    expect(envelope).toMatchObject({
      data: { usage: "shop COMMAND [flags]" },
      meta: { help: true, schema_ref: "shop --schema" },
    })
    expect(dataOf<{ readonly commands: ReadonlyArray<string> }>(envelope).commands).toContain("item list")
    expect(stderr).toContain("Sells things.")
  })
  it("on a terminal, help for a command says how to call it and what it ends with", async () => {
    const { stdout } = await invoke(shop, ["item", "list", "--help"], {
      terminal: { columns: 80 },
      env: { NO_COLOR: "1" },
    })
    expect(stdout).toContain("shop item list [flags]")
    expect(stdout).toMatch(/--limit LIMIT +How many items to return at most; 0 for all \(default 2\)/)
    expect(stdout).toMatch(/10 TIMEOUT .*\(worth trying again\)/)
    expect(stdout).toContain("  shop item list --limit 5")
  })
  it("help works when registrations are broken, a command does not [F-068]", async () => {
    const broken = application({
      ...shop,
      commands: [list, { ...fail, declaration: { ...fail.declaration, danger_level: undefined } }],
    })
    expect(await invoke(broken, ["--help"])).toMatchObject({ exit_code: 0 })
    const { envelope, exit_code } = await invoke(broken, ["item", "list"])
    expect(exit_code).toBe(1)
    expect(envelope?.error).toMatchObject({
      code: "DANGER_LEVEL_REQUIRED",
      context: { violations: [{ command: "fail", path: "danger_level" }] },
    })
    expect(() => check(broken)).toThrow(FrameworkError)
  })
})

describe("a terminal", () => {
  const terminal = { columns: 60 }
  it("gets a table, with colours unless NO_COLOR is set", async () => {
    const plain = await invoke(shop, ["ls"], { terminal, env: { NO_COLOR: "1" } })
    expect(plain.stdout).toBe("items\nid  name\n1   pen\n2   ink\n")
    const colour = await invoke(shop, ["ls"], { terminal })
    expect(colour.stdout).toContain("\u001b[1mid")
  })
  it("gets JSON under CI and with --output json [F-003 O-001]", async () => {
    expect((await invoke(shop, ["ls"], { terminal, env: { CI: "1" } })).envelope?.ok).toBe(true)
    expect((await invoke(shop, ["ls", "--output", "json"], { terminal })).envelope?.ok).toBe(true)
  })
  it("gets an error on stderr with what to do", async () => {
    const { stderr, stdout } = await invoke(shop, ["fail"], { terminal, env: { NO_COLOR: "1" } })
    expect(stdout).toBe("")
    expect(stderr).toBe("error: There is no such item. [ITEM_MISSING]\nhint: List the items with: shop item list\n")
  })
  it("tab-separated values have a header, and stderr has the failures [O-001]", async () => {
    expect(await invoke(shop, ["ls", "--output", "tsv"])).toMatchObject({ stdout: "id\tname\n1\tpen\n2\tink\n" })
    expect(await invoke(shop, ["fail", "partial", "--output", "tsv"])).toMatchObject({
      exit_code: 5,
      stdout: "",
      stderr: /no such item/,
    })
  })
})

describe("failures", () => {
  it("hints to repeat are only there when repeating is safe [C-014]", async () => {
    const { envelope } = await invoke(shop, ["fail"])
    expect(envelope?.error).toMatchObject({ code: "ITEM_MISSING", exit_code: 5, retryable: false })
    expect(envelope?.error).not.toHaveProperty("retry_after_ms")
  })
  it("an error with a code of the registry takes its defaults from there [C-013 C-014]", async () => {
    const { envelope, exit_code } = await invoke(shop, ["fail", "limited"])
    expect(exit_code).toBe(11)
    expect(envelope?.error).toMatchObject({
      code: "TOO_OFTEN",
      message: "slow down",
      retryable: true,
      retry_after_ms: 500,
    })
  })
  it("data that breaks its schema goes out with a warning", async () => {
    const { envelope, exit_code } = await invoke(shop, ["wrong"])
    expect([exit_code, envelope?.data]).toEqual([0, { price: "much" }])
    expect(envelope?.warnings).toEqual([expect.stringMatching(/^OUTPUT_SCHEMA_VIOLATION: .*price/)])
  })
  it("a failure comes through without its secrets, and without what is not JSON", async () => {
    const circle: Record<string, unknown> = {}
    circle["itself"] = circle
    const leaky = command({
      name: "leaky",
      description: "Tells too much.",
      danger_level: "safe",
      parameters: { token: { type: "string", required: true, secret: true, description: "A secret" } },
      exit_codes: { SUCCESS, NOT_FOUND },
      output_schema: object,
      execute: async ({ token }) => {
        throw new CommandError({
          exit: "NOT_FOUND",
          code: "NOBODY",
          message: `Nobody has ${token}.`,
          suggestion: `Do not use ${token}.`,
          context: { tried: [token], circle },
          data: circle,
        })
      },
    })
    const app = application({ name: "press", version: "1.0.0", commands: [leaky] })
    const { envelope, exit_code, stderr, stdout } = await invoke(app, ["leaky", "--token", "open sesame"])
    expect([exit_code, envelope?.error?.message, envelope?.data]).toEqual([5, "Nobody has [redacted].", null])
    expect(stdout + stderr).not.toContain("sesame")
    expect(envelope?.warnings).toEqual([
      expect.stringMatching(/^SERIALIZATION_FAILED: /),
      expect.stringMatching(/^SERIALIZATION_FAILED: /),
    ])
    const wrong = await invoke(app, ["leaky", "--token", "open sesame", "--token=open sesame"])
    expect([wrong.exit_code, (wrong.stdout + wrong.stderr).includes("sesame")]).toEqual([2, false])
  })
  it("neither a text nor a schema that cannot be used undoes what was done", async () => {
    const clumsy = command({
      name: "clumsy",
      description: "Promises what it cannot show.",
      danger_level: "safe",
      exit_codes: { SUCCESS },
      output_schema: { $ref: "#/nowhere" },
      render: () => {
        throw new Error("no ink")
      },
      execute: async () => ({ done: "yes" }),
    })
    const app = application({ name: "press", version: "1.0.0", commands: [clumsy] })
    const { exit_code, stderr, stdout } = await invoke(app, ["clumsy"], {
      terminal: { columns: 80 },
      env: { NO_COLOR: "1" },
    })
    expect([exit_code, stdout]).toEqual([0, "done  yes\n"])
    expect(stderr).toMatch(/warning: OUTPUT_SCHEMA_UNUSABLE: .*nowhere.*\n(.*\n)*warning: RENDER_FAILED: no ink\n/)
  })
  it("a command that is nearly right is suggested", async () => {
    const { envelope, exit_code } = await invoke(shop, ["item", "lst"])
    expect([exit_code, envelope?.error]).toMatchObject([
      2,
      { code: "UNKNOWN_COMMAND", suggestion: "Did you mean: shop item list" },
    ])
  })
})

describe("a program's own jobs", () => {
  it("are asked about by its hooks; a command names exactly the id", async () => {
    expect((await invoke(shop, ["order"])).envelope?.data).toMatchObject({
      job_id: "o/1",
      status_command: "shop job status o/1",
    })
    expect(await invoke(shop, ["job", "status", "o/1", "--server", "here"])).toMatchObject({
      exit_code: 0,
      envelope: { data: { status: "complete", terminal: true, result: { paid: true } } },
    })
    expect(await invoke(shop, ["job", "status", "x/9"])).toMatchObject({ exit_code: 5 })
    expect(await invoke(shop, ["job", "cancel", "o/1"])).toMatchObject({
      exit_code: 3,
      envelope: { error: { code: "JOB_RUNNING", retryable: false } },
    })
  })
})

it("doctor keeps its list when a check fails or throws [O-026]", async () => {
  const sick = application({
    ...shop,
    preflight: [
      { name: "good", check: async () => ({ version: "1.0.0" }) },
      {
        name: "bad",
        required: ">=2",
        fix: "apt install two",
        check: async () => Promise.reject(new Error("not there")),
      },
      { name: "odd", advice: "Move house.", check: async () => Promise.reject(new Error("too small")) },
      {
        name: "worse",
        fix: "apt install three",
        check: async () =>
          Promise.reject(
            new CommandError({ exit: "PRECONDITION", code: "OLD", message: "Too old.", fix_required: "apt upgrade" }),
          ),
      },
    ],
  })
  const { envelope, exit_code } = await invoke(sick, ["doctor"])
  expect(exit_code).toBe(1)
  expect(envelope).toMatchObject({
    error: {
      code: "DOCTOR_CHECKS_FAILED",
      // In full: a terminal's table has no room for it.
      detail:
        "bad: not there. Fix: apt install two\n  odd: too small. Fix: Move house.\n  worse: Too old. Fix: apt upgrade",
    },
    data: {
      checks: [
        { name: "good", ok: true, version: "1.0.0", required: null },
        { name: "bad", ok: false, error: "not there", fix_command: "apt install two", required: ">=2" },
        { name: "odd", ok: false, error: "too small", fix: "Move house." },
        { name: "worse", ok: false, error: "Too old.", fix_command: "apt upgrade" },
      ],
    },
  })
  const { checks = [] } = (envelope?.data ?? {}) as { readonly checks?: ReadonlyArray<object> }
  // What cannot be typed is no command.
  expect(checks.map((check) => "fix_command" in check)).toEqual([false, true, false, true])
  expect((await invoke(shop, ["doctor"])).exit_code).toBe(0)
})
