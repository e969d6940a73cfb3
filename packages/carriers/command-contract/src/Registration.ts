/**
 * What a command declares about itself. The declared object is the carrier: names are those of the wire.
 *
 * The types refuse what can be known before a program runs; `checkCommand` refuses the same at run time, for callers
 * whose types were not checked.
 *
 * @module
 */
import type { ExitCodePromise, PromiseFor, SuccessPromise } from "./ExitCodes.ts"
import type { JsonSchema } from "./JsonSchema.ts"
import type { DangerLevel, PatternType } from "./Wire.ts"

interface FlagBase {
  readonly description: string
  readonly short?: string
  readonly pattern?: string
  readonly pattern_type?: PatternType
  /** The place among the words that are not flags, from 0; an array takes all words from there on. */
  readonly positional?: number
  readonly max_bytes?: number
  /** What stands for the value in help, such as `DIR`. */
  readonly value_name?: string
  /** The value never appears in an answer or a log line. */
  readonly secret?: boolean
}

/** A parameter either must be given, or has a default, or may be absent. */
type Presence<T> =
  | { readonly required: true; readonly default?: never }
  | { readonly required?: false; readonly default?: T }

type FlagOf<Type extends string, T> = FlagBase & Presence<T> & { readonly type: Type; readonly enum_values?: never }

/** One parameter as its author declares it. `required` is false when it is left out. */
export type Flag =
  | FlagOf<"string", string>
  | FlagOf<"integer", number>
  | FlagOf<"number", number>
  | FlagOf<"boolean", boolean>
  | FlagOf<"array", ReadonlyArray<string>>
  | (FlagBase & Presence<string> & { readonly type: "enum"; readonly enum_values: ReadonlyArray<string> })

export type Parameters = Readonly<Record<string, Flag>>

/** One of the three shapes of a conditional rule; all are checked before the handler runs. */
export type RequiresRule =
  | { readonly if_flag: string; readonly if_value: unknown; readonly then_required: ReadonlyArray<string> }
  | { readonly if_flag: string; readonly prohibited: ReadonlyArray<string> }
  | { readonly if_flag: string; readonly target_flag: string; readonly default: unknown }

export interface Example {
  readonly description: string
  /** The whole command line. */
  readonly command: string
}

/** Defaults for one error code that the command's handler can fail with. */
export interface ErrorDefaults {
  /** A name of the command's `exit_codes`. */
  readonly exit: string
  readonly retry_after_ms?: number
  readonly retry_strategy?: "immediate" | "linear_backoff" | "exponential_backoff"
  readonly fix_required?: string
  /** A call that can be run as it stands, twice without harm. */
  readonly fix_command?: string
  readonly suggestion?: string
  readonly docs_url?: string
}

/** The JSON Schema of a job descriptor: the seven names must be there. */
export interface JobDescriptorSchema extends JsonSchema {
  readonly type: "object"
  readonly required: ReadonlyArray<string>
  readonly properties: Readonly<
    Record<
      "job_id" | "status" | "terminal" | "status_command" | "cancel_command" | "poll_interval_ms" | "timeout_ms",
      JsonSchema
    >
  >
}

/** Every promise under its name: table names as the table has them, other names by `defineExitCode`, numbers never. */
export type CheckedExitCodes<E> = {
  readonly [Name in keyof E]: Name extends string ? PromiseFor<Name> : never
}

type NetworkPart<Network extends boolean> = Network extends true
  ? { readonly exit_codes: { readonly TIMEOUT: ExitCodePromise } }
  : { readonly connect_timeout_ms?: never }

type StepsPart<Steps extends ReadonlyArray<string>> = Steps extends readonly []
  ? { readonly exit_codes: { readonly SUCCESS: SuccessPromise } }
  : { readonly exit_codes: { readonly PARTIAL_FAILURE: object } }

type AsyncPart<Async extends boolean> = Async extends true
  ? { readonly job_descriptor_schema: JobDescriptorSchema; readonly output_schema?: JsonSchema }
  : { readonly job_descriptor_schema?: never; readonly output_schema: JsonSchema }

/** The fields that every command has, whatever else it promises. */
export interface CommandBasics {
  /** Words of `[a-z][a-z0-9-]*`, joined by a space: `job status`. */
  readonly name: string
  /** One sentence. */
  readonly description: string
  readonly danger_level: DangerLevel
  readonly timeout_ms?: number
  readonly connect_timeout_ms?: number
  readonly contract_version?: string
  readonly aliases?: ReadonlyArray<string>
  readonly examples?: ReadonlyArray<Example>
  /** Adds `--limit` and `--cursor`. */
  readonly list?: { readonly default_limit?: number }
  readonly requires?: ReadonlyArray<RequiresRule>
  readonly error_registry?: Readonly<Record<string, ErrorDefaults>>
  readonly required_scopes?: ReadonlyArray<string>
  /** Runs until it is told to stop; its stdout is JSON lines. */
  readonly service?: true
  /** How long a service may take to end once it was told to, in milliseconds; 10 seconds when left out. */
  readonly grace_ms?: number
  /** stdout is JSON lines, or bytes of a media type, in place of one envelope. */
  readonly stream?: { readonly format: "jsonl" } | { readonly format: "raw"; readonly media_type: string }
  readonly spawns_background_process?: boolean
  readonly cleanup_command?: string
  readonly max_lifetime_seconds?: number
}

/**
 * Everything a command declares, but for its handler.
 *
 * `exit_codes` must have SUCCESS; TIMEOUT when `has_network_io`; PARTIAL_FAILURE when there are `steps`. `async: true`
 * needs a `job_descriptor_schema`, which nothing else may have.
 */
export type CommandDeclaration<
  P extends Parameters,
  E,
  Network extends boolean,
  Steps extends ReadonlyArray<string>,
  Async extends boolean,
> = CommandBasics & {
  readonly parameters?: P
  readonly exit_codes: E & CheckedExitCodes<E> & { readonly SUCCESS: SuccessPromise }
  readonly has_network_io?: Network
  readonly steps?: Steps
  readonly async?: Async & (Async extends true ? true : never)
} & NetworkPart<Network> &
  StepsPart<Steps> &
  AsyncPart<Async>

type ValueOf<F> = F extends { readonly type: "integer" | "number" }
  ? number
  : F extends { readonly type: "boolean" }
    ? boolean
    : F extends { readonly type: "array" }
      ? ReadonlyArray<string>
      : F extends { readonly enum_values: ReadonlyArray<infer Value> }
        ? Value
        : string

/** A boolean flag is false and a list is empty when nobody gave them; the rest may be absent. */
type Given<F> = F extends { readonly required: true }
  ? ValueOf<F>
  : F extends { readonly default: unknown }
    ? ValueOf<F>
    : F extends { readonly type: "boolean" | "array" }
      ? ValueOf<F>
      : ValueOf<F> | undefined

type Limits<Network extends boolean> = Network extends true
  ? { readonly timeout: number | undefined; readonly connect_timeout: number | undefined }
  : {}

/**
 * What a handler is called with: each parameter under its declared name. Network commands also get their two limits in
 * milliseconds, undefined for "no limit".
 */
export type ArgsOf<P extends Parameters, Network extends boolean = false> = {
  readonly [Name in keyof P]: Given<P[Name]>
} & Limits<Network>

/** A registration as the run-time checks see it: every field may be anything. */
export interface AnyCommand {
  readonly name: string
  readonly [field: string]: unknown
}
