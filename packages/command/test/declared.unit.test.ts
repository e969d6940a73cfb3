/**
 * What a program adds to what the framework says: schemas of streams, exit codes of its jobs, problems of its own.
 *
 * @module
 */
import { type ExitCodePromise, defineExitCode, exit_codes, job_descriptor_schema } from "@waybill/command-contract"
import { describe, expect, it } from "vitest"
import { CommandError, application, command, invoke } from "../src/index.ts"
import { violationsOf } from "../src/Check.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const line_schema = { type: "object", required: ["n"], properties: { n: { type: "integer" } } } as const
const base = { description: "Does it.", danger_level: "safe", exit_codes: { SUCCESS } } as const

const lines = command({
  ...base,
  name: "lines",
  stream: { format: "jsonl" },
  output_schema: line_schema,
  execute: async (_, ctx) => ctx.write({ n: 1 }),
})
const bytes = command({
  ...base,
  name: "bytes",
  stream: { format: "raw", media_type: "image/png" },
  output_schema: { type: "object" },
  execute: async (_, ctx) => ctx.write("x"),
})
const rename = command({
  ...base,
  name: "file rename",
  parameters: {
    path: { type: "string", required: true, positional: 0, description: "Which file" },
    to: { type: "string", required: true, description: "Its new name" },
  },
  output_schema: { type: "object" },
  validate: ({ path, to }) => [
    ...(path === "/" ? [{ field: "path", message: "is no file" }] : []),
    ...(to === path ? [{ field: "to", message: "--to is the name that it has" }] : []),
  ],
  execute: async () => ({}),
})
const start = command({
  ...base,
  name: "start",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema,
  execute: async () => ({ job_id: "j1" }),
})

const app = application({ name: "desk", version: "1.0.0", commands: [lines, bytes, rename, start] })

describe("--output-schema of a command that streams", () => {
  it("answers the schema of one line", async () => {
    const { envelope, exit_code } = await invoke(app, ["lines", "--output-schema"])
    expect([exit_code, envelope?.data]).toEqual([0, line_schema])
  })
  it("answers the kind of its bytes when it is no stream of lines", async () => {
    const { envelope, exit_code } = await invoke(app, ["bytes", "--output-schema"])
    expect([exit_code, envelope?.data]).toEqual([0, { type: "string", contentMediaType: "image/png" }])
  })
  it("is text on a terminal", async () => {
    const { stdout } = await invoke(app, ["lines", "--output-schema"], { terminal: { columns: 80 } })
    expect(stdout).toContain("required")
  })
})

describe("problems that a program finds itself", () => {
  it("name the word that is wrong, once, and say where help is", async () => {
    const { envelope, exit_code } = await invoke(app, ["file", "rename", "/", "--to", "/"])
    expect([exit_code, envelope?.error]).toMatchObject([
      2,
      {
        message: "PATH: is no file. --to is the name that it has.",
        suggestion: "See: desk file rename --help",
        errors: [
          { param: "PATH", field: "path" },
          { param: "--to", field: "to" },
        ],
      },
    ])
  })
  it("are listed one by one on a terminal", async () => {
    const { stderr } = await invoke(app, ["file", "rename", "/", "--to", "/"], { terminal: { columns: 80 } })
    expect(stderr).toContain("\n  PATH: is no file\n")
    expect(stderr).toContain("See: desk file rename --help")
  })
})

describe("exit codes of a program's own jobs", () => {
  const REFUSED = { description: "The token is not taken", retryable: false, side_effects: "none" } as const
  const withCodes = (codes: Readonly<Record<string, ExitCodePromise>>) =>
    application({
      ...app,
      jobs: {
        exit_codes: codes,
        status: async () => {
          throw new CommandError({
            exit: "PERMISSION_DENIED",
            code: "TOKEN_REFUSED",
            message: "The token is not taken.",
          })
        },
      },
    })

  it("are in the contracts of job status and job cancel, and are what the hooks end with", async () => {
    const declared = withCodes({ PERMISSION_DENIED: REFUSED, BUSY: defineExitCode(80, "BUSY", REFUSED) })
    expect(violationsOf(declared)).toEqual([])
    for (const which of ["status", "cancel"]) {
      const { stdout } = await invoke(declared, ["job", which, "--schema"])
      expect(JSON.parse(stdout)).toMatchObject({
        exit_codes: { 7: { name: "PERMISSION_DENIED" }, 80: { name: "BUSY" } },
      })
    }
    expect((await invoke(declared, ["job", "status", "j1"])).exit_code).toBe(exit_codes.PERMISSION_DENIED)
  })
  it.for(Object.entries(exit_codes).filter(([, code]) => code <= 6 || code === 10 || code === 12))(
    "%s is refused: it has a meaning there",
    ([name]) => {
      expect(violationsOf(withCodes({ [name]: REFUSED }))).toContainEqual(
        expect.objectContaining({ code: "EXIT_CODE_KEY_INVALID", path: `jobs.exit_codes.${name}` }),
      )
    },
  )
  it("are the only ones beside those of the two: a code about the job is no name for anything else", async () => {
    const throwing = (exit: string) =>
      application({
        ...app,
        jobs: {
          status: async () => {
            throw new CommandError({ exit, code: "LEFT_HALF_DONE", message: "It is about this call." })
          },
        },
      })
    for (const exit of ["PRECONDITION", "PARTIAL_FAILURE"]) {
      const { envelope, exit_code } = await invoke(throwing(exit), ["job", "status", "j1"])
      expect([exit, exit_code, envelope?.error?.code]).toEqual([exit, 1, "LEFT_HALF_DONE"])
      expect(envelope?.warnings).toEqual([expect.stringContaining(`${exit} is no exit code of job.status`)])
    }
  })
  it("are what the errors in the registry of the jobs end with", async () => {
    const STUCK = defineExitCode(80, "STUCK", REFUSED)
    const registered = (exit: string) =>
      application({
        ...app,
        jobs: {
          exit_codes: { STUCK },
          error_registry: { DESK_STUCK: { exit, fix_required: "Pull harder." } },
          status: async () => {
            throw Object.assign(new Error("The drawer is stuck."), { _tag: "DeskStuck" })
          },
        },
      })
    expect(violationsOf(registered("STUCK"))).toEqual([])
    const { envelope, exit_code } = await invoke(registered("STUCK"), ["job", "status", "j1"])
    expect(exit_code).toBe(80)
    expect(envelope?.error).toMatchObject({ code: "DESK_STUCK", fix_required: "Pull harder." })
    expect(violationsOf(registered("PRECONDITION"))).toMatchObject([{ path: "jobs.error_registry.DESK_STUCK.exit" }])
  })
  it("keep the rules of every other exit code", () => {
    expect(violationsOf(withCodes({ SEVEN: REFUSED }))).toMatchObject([
      { code: "EXIT_CODE_KEY_INVALID", path: "jobs.exit_codes.SEVEN" },
    ])
  })
  it("a look that ran out of time may be repeated, a cancellation may not", async () => {
    const codesOf = async (which: string): Promise<unknown> =>
      JSON.parse((await invoke(app, ["job", which, "--schema"])).stdout)
    expect(await codesOf("status")).toMatchObject({ exit_codes: { 10: { retryable: true, side_effects: "none" } } })
    expect(await codesOf("cancel")).toMatchObject({ exit_codes: { 10: { retryable: false, side_effects: "partial" } } })
  })
})
