import { expect, it } from "vitest"
import {
  type ArgsOf,
  type CommandDeclaration,
  type ExitCodePromise,
  type JobDescriptor,
  type Parameters,
  type ResponseEnvelope,
  checkCommand,
  defineExitCode,
  job_descriptor_schema,
} from "../src/index.ts"

/** Infers a declaration as a framework does, and gives its args back for inspection. */
const declare = <
  const P extends Parameters,
  const E,
  const Network extends boolean = false,
  const Steps extends ReadonlyArray<string> = [],
  const Async extends boolean = false,
>(
  declaration: CommandDeclaration<P, E, Network, Steps, Async> & {
    readonly execute: (args: ArgsOf<P, Network>) => unknown
  },
) => checkCommand(declaration).map(({ code }) => code)

const done = { description: "Done", retryable: false, side_effects: "none" } as const
const base = {
  name: "x",
  description: "X.",
  danger_level: "safe",
  output_schema: { type: "object" },
  execute: () => 0,
} as const
const SUCCESS = done

it("what the types refuse, the checks refuse too", () => {
  // @ts-expect-error SUCCESS is missing
  expect(declare({ ...base, exit_codes: { NOT_FOUND: done } })).toContain("EXIT_CODES_NO_SUCCESS")
  // @ts-expect-error a network command declares TIMEOUT
  expect(declare({ ...base, has_network_io: true, exit_codes: { SUCCESS } })).toContain("TIMEOUT_EXIT_REQUIRED")
  // @ts-expect-error a command with steps declares PARTIAL_FAILURE
  expect(declare({ ...base, steps: ["a"], exit_codes: { SUCCESS } })).toContain("STEPS_EXIT_REQUIRED")
  // @ts-expect-error an async command declares its descriptor
  expect(declare({ ...base, async: true, exit_codes: { SUCCESS } })).toContain("ASYNC_SCHEMA_REQUIRED")
  // @ts-expect-error only an async command has a descriptor
  expect(declare({ ...base, job_descriptor_schema, exit_codes: { SUCCESS } })).toContain("ASYNC_FLAG_INVALID")
  // @ts-expect-error numbers are not names
  expect(declare({ ...base, exit_codes: { SUCCESS, 5: done } })).toContain("EXIT_CODE_KEY_INVALID")
  // @ts-expect-error a name of one's own needs defineExitCode
  expect(declare({ ...base, exit_codes: { SUCCESS, QUOTA_EXHAUSTED: done } })).toContain("EXIT_CODE_KEY_INVALID")
  const both = { description: "x", retryable: true, side_effects: "partial" } as const
  // @ts-expect-error retryable means that nothing was changed
  expect(declare({ ...base, exit_codes: { SUCCESS, CONFLICT: both } })).toContain("RETRYABLE_WITH_SIDE_EFFECTS")
})

it("what keeps the rules compiles and is accepted", () => {
  const QUOTA_EXHAUSTED = defineExitCode(80, "QUOTA_EXHAUSTED", done)
  expect(
    declare({
      ...base,
      has_network_io: true,
      steps: ["a"],
      async: true,
      job_descriptor_schema,
      exit_codes: { SUCCESS, TIMEOUT: done, PARTIAL_FAILURE: done, QUOTA_EXHAUSTED },
    }),
  ).toEqual([])
})

it("args have the types of their flags [C-015]", () => {
  expect(
    declare({
      ...base,
      exit_codes: { SUCCESS, TIMEOUT: done },
      has_network_io: true,
      parameters: {
        who: { type: "string", required: true, description: "x" },
        times: { type: "integer", default: 1, description: "x" },
        maybe: { type: "number", description: "x" },
        loud: { type: "boolean", description: "x" },
        many: { type: "array", description: "x" },
        kind: { type: "enum", enum_values: ["a", "b"], default: "a", description: "x" },
      },
      execute: (args) => {
        const exact: {
          readonly who: string
          readonly times: number
          readonly maybe: number | undefined
          readonly loud: boolean
          readonly many: ReadonlyArray<string>
          readonly kind: "a" | "b"
          readonly timeout: number | undefined
          readonly connect_timeout: number | undefined
        } = args
        // @ts-expect-error a flag without a default may be absent
        const number: number = args.maybe
        return [exact, number]
      },
    }),
  ).toEqual([])
})

it("ok and status tell the kinds apart", () => {
  const told = (envelope: ResponseEnvelope<{ readonly n: number }>): number | string =>
    envelope.ok ? envelope.data.n : envelope.error.code
  const error = { code: "NO_N", message: "There is none.", retryable: false, phase: "execution" } as const
  const meta = { duration_ms: 0, timeout_ms: 0 }
  expect(told({ ok: false, data: null, error, warnings: [], meta })).toBe("NO_N")
  const promise: ExitCodePromise = done
  // @ts-expect-error a running job is not terminal
  const contradiction: JobDescriptor["terminal"] & true = ({} as Extract<JobDescriptor, { status: "running" }>).terminal
  expect([promise.retryable, contradiction]).toEqual([false, undefined])
})
