import { Ajv2020 } from "ajv/dist/2020.js"
import { Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  FrameworkError,
  type Published,
  canonicalJson,
  checkApplication,
  checkCommand,
  codeOf,
  commandSchema,
  completeStep,
  diagnoseCommand,
  dottedPath,
  effectiveExitCodes,
  flagEntry,
  injectedFlags,
  isJobId,
  makeEnvelope,
  makeManifest,
  manifestCommands,
  manifestText,
  no_steps_yet,
  rangeOf,
  refuseDescriptor,
  refuseJsonSchema,
  reportSteps,
  startStep,
} from "../src/index.ts"
import { ExitCodeMap, JobDescriptor, Manifest, ResponseEnvelope, publishedJsonSchema } from "../src/Wire.ts"
import { anything, registration } from "./support/registrations.ts"

const ajv = new Ajv2020({ strict: true, allErrors: true })
const validates = (name: Parameters<typeof publishedJsonSchema>[0]) => ajv.compile(publishedJsonSchema(name))
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** What the framework makes of a registration that was accepted. */
const publish = (command: Record<string, unknown>): Published => {
  const given = command as {
    name: string
    description: string
    danger_level: "safe"
    has_network_io?: boolean
    exit_codes: Record<string, object>
    parameters: Record<string, Parameters<typeof flagEntry>[0]>
    steps?: ReadonlyArray<string>
    job_descriptor_schema?: object
  }
  const injected = injectedFlags({
    has_network_io: given.has_network_io === true,
    destructive: command["danger_level"] === "destructive",
    timeout_ms: 300_000,
    connect_timeout_ms: 10_000,
  })
  return {
    path: dottedPath(given.name),
    description: given.description,
    danger_level: given.danger_level,
    flags: {
      ...Object.fromEntries(Object.entries(given.parameters).map(([name, flag]) => [name, flagEntry(flag)])),
      ...injected,
    },
    exit_codes: effectiveExitCodes(given),
    output_schema: { type: "object" },
    subcommands: [],
    has_network_io: given.has_network_io,
    steps: given.steps,
    job_descriptor_schema: given.job_descriptor_schema as Published["job_descriptor_schema"],
  }
}

describe("registrations", () => {
  it("a registration that keeps every rule is accepted, and what is shown of it keeps the published schemas", () => {
    const entry = validates("command-schema")
    const manifest = validates("manifest")
    fc.assert(
      fc.property(registration, (command) => {
        expect(checkCommand(command)).toEqual([])
        const published = publish(command)
        expect(entry(json(commandSchema(published))), JSON.stringify(entry.errors)).toBe(true)
        const commands = manifestCommands([published])
        const whole = makeManifest({ commands, framework_version: "0.1.0", sha256: "0".repeat(64) })
        expect(manifest(json(whole)), JSON.stringify(manifest.errors)).toBe(true)
        expect(Schema.is(Manifest)(json(whole))).toBe(true)
      }),
    )
  })

  it("nothing that a caller may pass makes the checks throw; what is no registration is refused with reasons", () =>
    fc.assert(
      fc.property(
        anything,
        fc.dictionary(fc.constantFrom("name", "version", "commands", "isolation"), anything),
        (value, application) => {
          expect(checkCommand(value).length).toBeGreaterThan(0)
          for (const violation of checkApplication({ ...application, commands: [value] })) {
            expect(violation.message).not.toBe("")
          }
        },
      ),
    ))

  it("one broken field is one violation there, whatever else is in the registration [C-001 C-002]", () =>
    fc.assert(
      fc.property(
        registration,
        fc.constantFrom(
          ...([
            ["exit_codes", undefined, "EXIT_CODES_REQUIRED"],
            ["danger_level", "harmless", "DANGER_LEVEL_REQUIRED"],
            ["execute", 1, "HANDLER_REQUIRED"],
            ["timeout_ms", 0, "TIMEOUT_OUT_OF_RANGE"],
            ["timeout_ms", 2 ** 31, "TIMEOUT_OUT_OF_RANGE"],
            ["output_schema", { type: "objekt" }, "OUTPUT_SCHEMA_INVALID"],
            ["async", false, "ASYNC_FLAG_INVALID"],
            ["steps", [], "STEPS_INVALID"],
            ["parameters", { timeout: { type: "string", description: "x" } }, "FLAG_RESERVED"],
            ["parameters", { id: { type: "string", description: "x", pattern: "a+" } }, "PATTERN_UNANCHORED"],
            ["name", "Deploy", "COMMAND_NAME_INVALID"],
            ["max_lifetime_seconds", 3, "BACKGROUND_METADATA_REQUIRED"],
            ["requires", [{ if_flag: "output", prohibited: ["nope"] }], "REQUIRES_UNKNOWN_FLAG"],
            ["error_registry", { NO_SPACE: { exit: "SUCCESS", fix_command: "tool rm <file>" } }, "FIX_COMMAND_UNSAFE"],
          ] as const),
        ),
        (command, [field, value, code]) => {
          expect(checkCommand({ ...command, [field]: value }).map((violation) => violation.code)).toContain(code)
        },
      ),
    ))

  it("a FrameworkError lists every violation in its message", () =>
    fc.assert(
      fc.property(anything, (value) => {
        const [first, ...rest] = checkCommand(value)
        if (first === undefined) throw new Error("must be refused")
        const error = new FrameworkError([first, ...rest])
        for (const { code, message } of [first, ...rest]) expect(error.message).toContain(`${message} [${code}]`)
        expect(error.violations).toHaveLength(rest.length + 1)
      }),
    ))

  it("a registration that is accepted can be diagnosed", () =>
    fc.assert(
      fc.property(registration, (command) => {
        expect(diagnoseCommand(command)).toBeInstanceOf(Array)
      }),
    ))
})

describe("exit codes", () => {
  it("the effective map keeps what the author said and always has 1, 2, 10, 130 and 143 [C-001 F-001]", () =>
    fc.assert(
      fc.property(registration, (command) => {
        const map = effectiveExitCodes(command)
        expect(Schema.is(ExitCodeMap)(json(map))).toBe(true)
        expect(Object.keys(map)).toEqual(expect.arrayContaining(["0", "1", "2", "10", "130", "143"]))
        for (const [name, promise] of Object.entries(command.exit_codes)) {
          expect(map[String(codeOf(name, {}))]).toMatchObject(promise)
        }
        expect(map["2"]).toMatchObject({ retryable: false, side_effects: "none" })
      }),
    ))

  it("every integer falls into one range, and every other number is no exit code [F-001]", () =>
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -10, max: 300 }), fc.double()), (code) => {
        expect(rangeOf(code) === "invalid").toBe(!Number.isInteger(code) || code < 0 || code > 255)
      }),
    ))
})

describe("answers", () => {
  const valid = validates("response-envelope")
  it("whatever an answer is made of, it has the five keys, says ok exactly for exit 0, and keeps the published schema [F-004 F-039]", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.option(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))),
        fc.array(fc.string()),
        fc.boolean(),
        (exit_code, data, warnings, not_modified) => {
          const meta = { duration_ms: 1, timeout_ms: 0, ...(not_modified ? { not_modified } : {}) }
          const envelope = makeEnvelope({ exit_code, data, warnings, meta })
          expect(Object.keys(envelope)).toEqual(["ok", "data", "error", "warnings", "meta"])
          expect([envelope.ok, envelope.error === null]).toEqual([exit_code === 0, exit_code === 0])
          expect(valid(json(envelope)), JSON.stringify(valid.errors)).toBe(true)
          expect(Schema.is(ResponseEnvelope)(json(envelope))).toBe(true)
        },
      ),
    ))
  it.each([
    { ok: true, data: null, error: null, warnings: [], meta: { duration_ms: 0, timeout_ms: 0 } },
    { ok: true, data: 7, error: null, warnings: [], meta: { duration_ms: 0, timeout_ms: 0 } },
    { ok: false, data: null, error: null, warnings: [], meta: { duration_ms: 0, timeout_ms: 0 } },
    { ok: true, data: {}, error: null, warnings: [], meta: { timeout_ms: 0 } },
    { ok: true, data: {}, error: null, warnings: [], meta: { duration_ms: 0, timeout_ms: 0 }, extra: 1 },
  ])("%j is no envelope", (envelope) => expect(valid(envelope)).toBe(false))
})

describe("steps", () => {
  it("completed, failed and skipped are together all steps in order, after any sequence of words from the handler [C-008]", () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(5))),
        fc.constantFrom("success" as const, "failure" as const),
        (steps, words, ended) => {
          let state = no_steps_yet
          for (const [isStart, index] of words) {
            const move = (isStart ? startStep : completeStep)(steps, state, steps[index] ?? "unknown")
            if (move.ok) state = move.state
          }
          const report = reportSteps(steps, state, ended)
          const failed = report.failed_step === null ? [] : [report.failed_step]
          expect([...report.completed_steps, ...failed, ...report.skipped_steps]).toEqual(steps)
          expect(report.partial).toBe(ended === "failure" ? true : undefined)
        },
      ),
    ))

  it("a handler that runs its steps in order is never refused", () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (steps) => {
        let state = no_steps_yet
        for (const step of steps) {
          for (const move of [startStep, completeStep]) {
            const next = move(steps, state, step)
            if (!next.ok) throw new Error(next.problem)
            state = next.state
          }
        }
        expect(reportSteps(steps, state, "success")).toEqual({
          completed_steps: steps,
          failed_step: null,
          skipped_steps: [],
        })
      }),
    ))
})

describe("the manifest", () => {
  const shuffled = fc
    .uniqueArray(registration, { selector: ({ name }) => name, minLength: 1, maxLength: 5 })
    .chain((commands) => fc.tuple(fc.constant(commands), fc.shuffledSubarray(commands, { minLength: commands.length })))

  it("its text is the same in any order of registration [O-041]", () =>
    fc.assert(
      fc.property(shuffled, ([commands, others]) => {
        expect(manifestText(manifestCommands(others.map(publish)))).toBe(
          manifestText(manifestCommands(commands.map(publish))),
        )
      }),
    ))

  it("its text changes with any description, exit code, flag or step", () =>
    fc.assert(
      fc.property(
        registration,
        fc.constantFrom(
          { description: "Something else altogether." },
          { parameters: { other: { type: "string", description: "x" } } },
          { exit_codes: { SUCCESS: { description: "Other words", retryable: false, side_effects: "none" } } },
          { steps: ["one", "two", "three", "four", "five"] },
        ),
        (command, change) => {
          const text = (value: object) => manifestText(manifestCommands([publish({ ...command, ...value })]))
          expect(text(change)).not.toBe(text({}))
        },
      ),
    ))

  it("canonical text is the same value in one spelling", () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const reversed = (one: unknown): unknown =>
          Array.isArray(one)
            ? one.map(reversed)
            : typeof one === "object" && one !== null
              ? Object.fromEntries(
                  Object.entries(one)
                    .reverse()
                    .map(([key, member]) => [key, reversed(member)]),
                )
              : one
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(json(value))
      }),
    ))
})

describe("job descriptors", () => {
  const descriptor = fc.record({
    job_id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/),
    status: fc.constantFrom("running", "complete", "failed", "cancelled"),
    terminal: fc.boolean(),
    status_command: fc.string(),
    cancel_command: fc.string(),
    poll_interval_ms: fc.integer({ min: -1, max: 5 }),
    timeout_ms: fc.integer({ min: -1, max: 5 }),
  })
  it("the check and the published schema accept the same descriptors", () =>
    fc.assert(
      fc.property(descriptor, (value) => {
        expect(refuseDescriptor(value).length === 0).toBe(Schema.is(JobDescriptor)(value))
      }),
      { numRuns: 1_000 },
    ))
  it("no other value makes the check throw, and none is a descriptor", () =>
    fc.assert(
      fc.property(anything, (value) => {
        expect(refuseDescriptor(value).length).toBeGreaterThan(0)
      }),
    ))
  it("an id needs no quoting", () =>
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(isJobId(id)).toBe(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(id))
      }),
    ))
})

it("a schema that is accepted compiles, and one that a compiler refuses is refused", () => {
  const keyword = fc.constantFrom("type", "minimum", "required", "enum", "items", "pattern", "minLength", "uniqueItems")
  const value = fc.oneof(
    fc.constantFrom("string", "object", "nonsense", "["),
    fc.integer({ min: -2, max: 3 }),
    fc.boolean(),
    fc.constant(["a", "b"]),
    fc.constant(["a", "a"]),
    fc.constant({ type: "string" }),
    fc.constant(null),
  )
  const loose = new Ajv2020({ strict: false, logger: false })
  const compiles = (schema: object) => {
    try {
      loose.compile(schema)
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(fc.dictionary(keyword, value, { noNullPrototype: true }), (schema) => {
      if (refuseJsonSchema(schema).length === 0) expect(compiles(schema), JSON.stringify(schema)).toBe(true)
      else if (schema["enum"] === undefined) expect(compiles(schema), JSON.stringify(schema)).toBe(false)
    }),
    { numRuns: 500 },
  )
})
