/**
 * Everything that crosses a process boundary, as schemas: the one source of the wire types and of the JSON Schema files.
 *
 * Only this module loads `effect`; the rest of the package takes its types from here and stays quick to start.
 *
 * @module
 */
import { Schema } from "effect"

const open = <const Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, Schema.Unknown)])

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
const AtLeastOne = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))
const Version = Schema.String.check(Schema.isPattern(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/u))
const Constant = Schema.String.check(Schema.isPattern(/^[A-Z][A-Z0-9_]+$/u))
const DottedPath = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*$/u))
const JsonObject = Schema.Record(Schema.String, Schema.Unknown)

export const SideEffects = Schema.Literals(["none", "partial", "complete"])
/** What a run that ends with a code may have changed. */
export type SideEffects = typeof SideEffects.Type

const entryFields = {
  name: Constant,
  description: Schema.String.check(Schema.isBetweenLength(1, 120)),
}
/** One exit code of a command: `retryable: true` only where nothing was changed. */
export const ExitCodeEntry = Schema.Union([
  Schema.Struct({ ...entryFields, retryable: Schema.Literal(true), side_effects: Schema.Literal("none") }),
  Schema.Struct({ ...entryFields, retryable: Schema.Literal(false), side_effects: SideEffects }),
])
export type ExitCodeEntry = typeof ExitCodeEntry.Type

export const ExitCode = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

/** The effective map of a command: decimal code → entry. */
export const ExitCodeMap = Schema.Record(
  Schema.String.check(Schema.isPattern(/^(?:0|[1-9][0-9]{0,2})$/u)),
  ExitCodeEntry,
)
export type ExitCodeMap = typeof ExitCodeMap.Type

export const ArgumentError = open({
  /** As typed: `--env`, or the name of a positional. */
  param: Schema.String,
  /** As declared: `env`. */
  field: Schema.String,
  code: Constant,
  message: Schema.NonEmptyString,
  value: Schema.optionalKey(Schema.Unknown),
})
/** One argument that was refused. */
export type ArgumentError = typeof ArgumentError.Type

export const NetworkContext = open({
  url: Schema.optionalKey(Schema.String),
  status_code: Schema.optionalKey(Schema.Int),
  proxy_used: Schema.NullOr(Schema.String),
  proxy_source: Schema.optionalKey(Schema.String),
  no_proxy: Schema.optionalKey(Schema.String),
  ssl_verify: Schema.optionalKey(Schema.Boolean),
  suggestion: Schema.optionalKey(Schema.String),
})
/** What a network failure says about the way it took. */
export type NetworkContext = typeof NetworkContext.Type

export const ErrorDetail = open({
  code: Constant,
  message: Schema.NonEmptyString,
  retryable: Schema.Boolean,
  phase: Schema.Literals(["validation", "execution", "cleanup"]),
  exit_code: Schema.optionalKey(ExitCode),
  detail: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.String),
  suggestion: Schema.optionalKey(Schema.String),
  docs_url: Schema.optionalKey(Schema.String),
  context: Schema.optionalKey(JsonObject),
  retry_after_ms: Schema.optionalKey(Count),
  retry_strategy: Schema.optionalKey(Schema.Literals(["immediate", "linear_backoff", "exponential_backoff"])),
  fix_required: Schema.optionalKey(Schema.String),
  fix_command: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(ArgumentError)),
  signal: Schema.optionalKey(Schema.Literals(["SIGINT", "SIGTERM"])),
  network_context: Schema.optionalKey(NetworkContext),
  redirect: Schema.optionalKey(
    Schema.Struct({
      command: Schema.String,
      permanent: Schema.Boolean,
      reason: Schema.optionalKey(Schema.Literals(["renamed", "restructured", "deprecated", "typo_corrected"])),
    }),
  ),
})
/** Why a run failed, for programs (`code`, `retryable`, `phase`) and for people (`message`, `suggestion`). */
export type ErrorDetail = typeof ErrorDetail.Type

export const Pagination = Schema.Struct({
  total: Schema.NullOr(Count),
  returned: Count,
  truncated: Schema.Boolean,
  has_more: Schema.Boolean,
  next_cursor: Schema.NullOr(Schema.String),
})
/** What a list command says about the items it did not return. */
export type Pagination = typeof Pagination.Type

const metaFields = {
  duration_ms: Count,
  /** The limit in force; 0 means none. */
  timeout_ms: Count,
  command: Schema.optionalKey(Schema.String),
  timestamp: Schema.optionalKey(Schema.String),
  request_id: Schema.optionalKey(Schema.String),
  trace_id: Schema.optionalKey(Schema.String),
  schema_version: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d+\.\d+$/u))),
  contract_version: Schema.optionalKey(Version),
  tool_version: Schema.optionalKey(Version),
  partial: Schema.optionalKey(Schema.Boolean),
  truncated: Schema.optionalKey(Schema.Boolean),
  total_count: Schema.optionalKey(Count),
  returned_count: Schema.optionalKey(Count),
  truncation_hint: Schema.optionalKey(Schema.String),
  not_modified: Schema.optionalKey(Schema.Boolean),
  cursor: Schema.optionalKey(Schema.NullOr(Schema.String)),
  pagination: Schema.optionalKey(Pagination),
  validation_only: Schema.optionalKey(Schema.Boolean),
  help: Schema.optionalKey(Schema.Boolean),
  schema_ref: Schema.optionalKey(Schema.String),
  warning_details: Schema.optionalKey(Schema.Array(JsonObject)),
}
export const Meta = open(metaFields)
/** Facts about the run itself. */
export type Meta = typeof Meta.Type

const Data = Schema.Union([JsonObject, Schema.Array(Schema.Unknown)])
/** The one answer of a run: exactly these five keys. `data` and `error` are both null only for `meta.not_modified`. */
export const ResponseEnvelope = Schema.Union([
  Schema.Struct({
    ok: Schema.Literal(true),
    data: Data,
    error: Schema.Null,
    warnings: Schema.Array(Schema.String),
    meta: Meta,
  }),
  Schema.Struct({
    ok: Schema.Literal(true),
    data: Schema.Null,
    error: Schema.Null,
    warnings: Schema.Array(Schema.String),
    meta: open({ ...metaFields, not_modified: Schema.Literal(true) }),
  }),
  Schema.Struct({
    ok: Schema.Literal(false),
    data: Schema.NullOr(Data),
    error: ErrorDetail,
    warnings: Schema.Array(Schema.String),
    meta: Meta,
  }),
])

const descriptorFields = {
  job_id: Schema.NonEmptyString,
  status_command: Schema.NonEmptyString,
  cancel_command: Schema.NonEmptyString,
  poll_interval_ms: AtLeastOne,
  /** The age at which the job counts as failed; not the limit of the run that started it. */
  timeout_ms: AtLeastOne,
}
/** What a run left going: `terminal` is false exactly while it is running. */
export const JobDescriptor = Schema.Union([
  open({ ...descriptorFields, status: Schema.Literal("running"), terminal: Schema.Literal(false) }),
  open({
    ...descriptorFields,
    status: Schema.Literals(["complete", "failed", "cancelled"]),
    terminal: Schema.Literal(true),
  }),
])
export type JobDescriptor = typeof JobDescriptor.Type

/** Where a command with steps stands; the three lists together are all steps in order. */
export const StepReport = open({
  completed_steps: Schema.Array(Schema.String),
  failed_step: Schema.NullOr(Schema.String),
  skipped_steps: Schema.Array(Schema.String),
  partial: Schema.optionalKey(Schema.Boolean),
  resume_from: Schema.optionalKey(Schema.NullOr(Schema.String)),
})
export type StepReport = typeof StepReport.Type

export const FlagType = Schema.Literals(["string", "integer", "number", "boolean", "array", "enum"])
export type FlagType = typeof FlagType.Type
export const PatternType = Schema.Literals(["alphanumeric_id", "uuid", "semver", "filepath", "url"])
export type PatternType = typeof PatternType.Type

/** One parameter of a command. */
export const FlagEntry = Schema.Struct({
  type: FlagType,
  required: Schema.Boolean,
  description: Schema.NonEmptyString,
  default: Schema.optionalKey(Schema.Unknown),
  enum_values: Schema.optionalKey(Schema.Array(Schema.String)),
  short: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9]$/u))),
  pattern: Schema.optionalKey(Schema.String),
  pattern_type: Schema.optionalKey(PatternType),
  /** The place among the words that are not flags, from 0; an array takes all words from there on. */
  positional: Schema.optionalKey(Count),
  max_bytes: Schema.optionalKey(AtLeastOne),
  /** What stands for the value in help, such as `DIR`. */
  value_name: Schema.optionalKey(Schema.NonEmptyString),
  /** The value never appears in an answer or a log line. */
  secret: Schema.optionalKey(Schema.Boolean),
})
export type FlagEntry = typeof FlagEntry.Type

const Flags = Schema.Record(Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9-]*$/u)), FlagEntry)
const Example = Schema.Struct({ description: Schema.NonEmptyString, command: Schema.NonEmptyString })
const Danger = Schema.Literals(["safe", "mutating", "destructive"])
export const DangerLevel = Danger
/** What a command may do to the world. */
export type DangerLevel = typeof Danger.Type

const entryOptions = {
  aliases: Schema.optionalKey(Schema.Array(Schema.String)),
  output_schema: Schema.optionalKey(JsonObject),
  examples: Schema.optionalKey(Schema.Array(Example)),
  subcommands: Schema.optionalKey(Schema.Array(DottedPath)),
  contract_version: Schema.optionalKey(Version),
  async: Schema.optionalKey(Schema.Literal(true)),
  job_descriptor_schema: Schema.optionalKey(JsonObject),
  job_commands: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct({ command: DottedPath, exit_codes: ExitCodeMap })),
  ),
  has_network_io: Schema.optionalKey(Schema.Boolean),
  steps: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  requires: Schema.optionalKey(Schema.Array(JsonObject)),
  /** Runs until it is told to stop: no time limit, stdout is JSON lines. */
  service: Schema.optionalKey(Schema.Literal(true)),
  /** stdout is JSON lines, or bytes of the declared media type, instead of one envelope. */
  stream: Schema.optionalKey(Schema.Struct({ format: Schema.Literals(["jsonl", "raw"]), media_type: Schema.String })),
}

/** One command of the manifest. */
export const CommandEntry = Schema.Struct({
  description: Schema.NonEmptyString,
  danger_level: Danger,
  flags: Flags,
  exit_codes: ExitCodeMap,
  output_formats: Schema.optionalKey(Schema.Array(Schema.String)),
  required_scopes: Schema.optionalKey(Schema.Array(Schema.String)),
  ...entryOptions,
})
export type CommandEntry = typeof CommandEntry.Type

/** What `tool <command> --schema` prints, bare: the entry, with its parameters under both names. */
export const CommandSchema = Schema.Struct({
  command: Schema.NonEmptyString,
  description: Schema.NonEmptyString,
  danger_level: Danger,
  parameters: Flags,
  flags: Flags,
  exit_codes: ExitCodeMap,
  ...entryOptions,
})
export type CommandSchema = typeof CommandSchema.Type

/** Every command of a tool. The etag is over the canonical text of `commands`, so order does not matter. */
export const Manifest = Schema.Struct({
  schema_version: Schema.Literal("1.0"),
  framework_version: Version,
  etag: Schema.String.check(Schema.isPattern(/^sha256:[0-9a-f]{64}$/u)),
  commands: Schema.Record(DottedPath, CommandEntry),
})
export type Manifest = typeof Manifest.Type

/** The published schemas by file name; `schemas/<name>.json` holds each as a file. */
export const published = {
  "exit-code": ExitCode,
  "exit-code-entry": ExitCodeEntry,
  "response-envelope": ResponseEnvelope,
  "job-descriptor": JobDescriptor,
  "step-report": StepReport,
  "flag-entry": FlagEntry,
  "command-schema": CommandSchema,
  manifest: Manifest,
} as const

/** The name of a published schema. */
export type PublishedName = keyof typeof published

/**
 * A published schema as JSON Schema, draft 2020-12. Closed objects say so; open ones take any further member.
 *
 * @example
 * publishedJsonSchema("manifest")["$schema"] // "https://json-schema.org/draft/2020-12/schema"
 */
export const publishedJsonSchema = (name: PublishedName): Readonly<Record<string, unknown>> => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(published[name], { onExcessProperty: "error" })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:waybill:command-contract:1.0:${name}`,
    title: name,
    ...schema,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  }
}
