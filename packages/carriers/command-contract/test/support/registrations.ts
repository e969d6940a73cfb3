import fc from "fast-check"
import { exit_codes, job_descriptor_schema, type ExitCodeName } from "../../src/index.ts"

const description = fc.string({ minLength: 1, maxLength: 60 })
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)

const promise = (name: string) =>
  fc.record({
    description,
    retryable: fc.constant(false),
    side_effects: fc.constantFrom(
      "none",
      ...(name === "SUCCESS" ? ["partial", "complete"] : name === "ARG_ERROR" ? [] : ["partial"]),
    ),
  })
const names = Object.keys(exit_codes) as ReadonlyArray<ExitCodeName>
const promises = fc
  .subarray([...names])
  .chain((chosen) =>
    fc.record(
      Object.fromEntries(
        [...new Set(["SUCCESS", "TIMEOUT", "PARTIAL_FAILURE", ...chosen])].map((name) => [name, promise(name)]),
      ),
    ),
  )

const flag = fc.oneof(
  fc.record({ type: fc.constantFrom("string", "integer", "number", "boolean", "array"), description }),
  fc.record({ type: fc.constant("string"), description, required: fc.constant(true) }),
  fc.record({
    type: fc.constant("enum"),
    description,
    enum_values: fc.constant(["a", "b"]),
    default: fc.constant("a"),
  }),
)
const parameters = fc.dictionary(
  word.map((name) => `x-${name}`),
  flag,
  { maxKeys: 4 },
)

/** Registrations that keep every rule, as an author whose types were not checked would pass them. */
export const registration = fc
  .record({
    name: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.map((each) => `w${each}`).join(" ")),
    description,
    danger_level: fc.constantFrom("safe", "mutating", "destructive"),
    has_network_io: fc.boolean(),
    isAsync: fc.boolean(),
    steps: fc.option(fc.uniqueArray(word, { minLength: 1, maxLength: 4 }), { nil: undefined }),
    exit_codes: promises,
    parameters,
  })
  .map(({ isAsync, steps, ...rest }) => ({
    ...rest,
    output_schema: { type: "object" },
    execute: async () => ({}),
    ...(rest.danger_level === "destructive" ? { dry_run: "supported" } : {}),
    ...(isAsync ? { async: true, job_descriptor_schema } : {}),
    ...(steps === undefined ? {} : { steps }),
  }))

/** What JavaScript can throw at a function. */
export const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })
