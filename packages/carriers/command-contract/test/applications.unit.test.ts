import { describe, expect, it } from "vitest"
import { checkApplication, diagnoseCommand, job_descriptor_schema, refuseDescriptorSchema } from "../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const leaf = (name: string, more: object = {}) => ({
  name,
  description: "Does it.",
  danger_level: "safe",
  exit_codes: { SUCCESS },
  output_schema: { type: "object" },
  execute: async () => ({}),
  ...more,
})
const job = leaf("render", { async: true, job_descriptor_schema })
const remove = leaf("remove all", { danger_level: "destructive", dry_run: "supported" })
const found = (commands: ReadonlyArray<object>, more: object = {}) =>
  checkApplication({ name: "tool", version: "1.0.0", commands, ...more }).map(
    ({ code, command, path }) => `${code} ${command} ${path}`,
  )

describe("commands side by side", () => {
  it("different names are fine, also below one another", () => {
    expect(found([leaf("a"), leaf("a b"), leaf("b", { aliases: ["c"] }), job])).toEqual([])
  })
  it.each([
    ["a name twice", [leaf("a"), leaf("a")], "DUPLICATE_COMMAND a name"],
    ["a name that is an alias", [leaf("a", { aliases: ["b"] }), leaf("b")], "DUPLICATE_COMMAND b name"],
    ["an alias twice", [leaf("a", { aliases: ["c"] }), leaf("b", { aliases: ["c"] })], "DUPLICATE_COMMAND b aliases"],
    ["a name of the framework", [leaf("doctor")], "DUPLICATE_COMMAND doctor name"],
    ["job beside an async command", [job, leaf("job")], "JOB_NAME_RESERVED job name"],
    ["below job beside an async command", [job, leaf("job list")], "JOB_NAME_RESERVED job.list name"],
    [
      "a fix that destroys",
      [remove, leaf("a", { error_registry: { FULL: { exit: "SUCCESS", fix_command: "tool remove all --now" } } })],
      "FIX_COMMAND_UNSAFE a error_registry.FULL.fix_command",
    ],
  ])("%s is refused [C-030]", (_, commands, violation) => expect(found(commands)).toEqual([violation]))
  it("job is a name like any other where nothing is async, and a fix may start what is safe", () => {
    const safe = { error_registry: { FULL: { exit: "SUCCESS", fix_command: "tool a --again" } } }
    expect(found([leaf("job"), leaf("job list"), remove, leaf("a", safe)])).toEqual([])
  })
})

describe("the program itself", () => {
  it.each([
    ["name", "my tool", "APPLICATION_INVALID  name"],
    ["version", "1", "APPLICATION_INVALID  version"],
    ["invocation", " ", "APPLICATION_INVALID  invocation"],
    ["isolation", "thread", "APPLICATION_INVALID  isolation"],
    ["commands", {}, "APPLICATION_INVALID  commands"],
    ["default_timeout_ms", 0, "TIMEOUT_OUT_OF_RANGE  default_timeout_ms"],
    ["default_connect_timeout_ms", 2 ** 31, "TIMEOUT_OUT_OF_RANGE  default_connect_timeout_ms"],
  ])("%s %j is refused", (field, value, violation) => expect(found([], { [field]: value })).toEqual([violation]))
})

describe("descriptor schemas", () => {
  it("the ready-made one is accepted, also with more in it", () => {
    const { properties } = job_descriptor_schema
    expect(refuseDescriptorSchema(job_descriptor_schema)).toEqual([])
    const more = { ...job_descriptor_schema, title: "Job", properties: { ...properties, queue: { type: "string" } } }
    expect(refuseDescriptorSchema(more)).toEqual([])
  })
  it.each(Object.keys(job_descriptor_schema.properties))("without %s it is refused, and the name is told", (name) => {
    const { [name]: _gone, ...properties } = job_descriptor_schema.properties as Record<string, object>
    expect(refuseDescriptorSchema({ ...job_descriptor_schema, properties }).join()).toContain(`properties.${name}`)
    const required = job_descriptor_schema.required.filter((each) => each !== name)
    expect(refuseDescriptorSchema({ ...job_descriptor_schema, required }).join()).toContain(`must name ${name}`)
  })
  it("another set of states is refused", () => {
    const status = { type: "string", enum: ["running", "complete", "failed"] }
    const properties = { ...job_descriptor_schema.properties, status }
    expect(refuseDescriptorSchema({ ...job_descriptor_schema, properties })).toHaveLength(1)
  })
})

it("what is legal and likely a mistake is told to the author [F-049 F-021 C-020]", () => {
  const odd = {
    name: "odd",
    execute: () => Promise.resolve({}),
    parameters: { id: { type: "string" }, "job-id": { type: "string", pattern_type: "uuid" } },
    exit_codes: { TIMEOUT: { side_effects: "none", retryable: false } },
    output_schema: { properties: { items: { items: { properties: { seen_at: {}, on: { format: "date-time" } } } } } },
  }
  expect(diagnoseCommand(odd).map(({ code, message }) => [code, message.split(" ")[0]])).toEqual([
    ["SYNC_HANDLER", "execute"],
    ["ID_WITHOUT_PATTERN", "--id"],
    ["VOLATILE_FIELD", "data.items[].seen_at"],
    ["VOLATILE_FIELD", "data.items[].on"],
    ["TIMEOUT_NOT_RETRYABLE", "TIMEOUT"],
    ["DESCRIPTION_MISSING", "has"],
  ])
  expect(diagnoseCommand(leaf("even"))).toEqual([])
})
