/**
 * A declaration with everything filled in: what routing, parsing, help, `--schema` and the run look at.
 *
 * @module
 */
import {
  type ExitCodeMap,
  type Flag,
  type FlagEntry,
  type Published,
  type RequiresRule,
  type ErrorDefaults,
  default_connect_timeout_ms,
  default_list_limit,
  default_timeout_ms,
  dottedPath,
  effectiveExitCodes,
  flagEntry,
  injectedFlags,
} from "@waybill/command-contract"
import type { Application, Handlers, Isolation } from "./Application.ts"

/** The handlers of a command, whatever its arguments are. */
export type AnyHandlers = Handlers<Readonly<Record<string, unknown>>, unknown>

export interface Registered {
  readonly published: Published
  readonly handlers: AnyHandlers
  readonly isolation: Isolation
  /** The limits without flags; undefined where a service or a stream has none. */
  readonly timeout_ms: number | undefined
  readonly connect_timeout_ms: number
  /** How long a service may take to end once it was told to. */
  readonly grace_ms: number
  readonly requires: ReadonlyArray<RequiresRule>
  readonly error_registry: Readonly<Record<string, ErrorDefaults>>
  /** Default of `--limit`, for list commands. */
  readonly list_limit: number | undefined
  /** Whether it may leave processes of its own behind. */
  readonly leavesProcesses: boolean
  /** `author` declared it; `framework` made it. */
  readonly by: "author" | "framework"
}

/** A declaration that was checked; the fields this framework reads of it. */
export interface Declared extends AnyHandlers {
  readonly name: string
  readonly description?: string
  readonly danger_level: Published["danger_level"]
  readonly parameters?: Readonly<Record<string, Flag>>
  readonly exit_codes: Readonly<Record<string, object>>
  readonly output_schema?: Published["output_schema"]
  readonly has_network_io?: boolean
  readonly timeout_ms?: number
  readonly connect_timeout_ms?: number
  readonly async?: true
  readonly job_descriptor_schema?: Published["job_descriptor_schema"]
  readonly steps?: ReadonlyArray<string>
  readonly contract_version?: string
  readonly aliases?: ReadonlyArray<string>
  readonly examples?: Published["examples"]
  readonly list?: { readonly default_limit?: number }
  readonly requires?: ReadonlyArray<RequiresRule>
  readonly error_registry?: Readonly<Record<string, ErrorDefaults>>
  readonly required_scopes?: ReadonlyArray<string>
  readonly service?: true
  readonly grace_ms?: number
  readonly stream?: NonNullable<Published["stream"]>
  readonly spawns_background_process?: boolean
}

/** What a service has to end in, when it says nothing. */
const service_grace_ms = 10_000

type Limits = Pick<Application, "default_timeout_ms" | "default_connect_timeout_ms" | "isolation">

/** Fills a declaration in. `exit_codes` overrides the effective map, for commands that the framework made. */
export const register = (
  app: Limits,
  declared: Declared,
  paths: ReadonlyArray<string>,
  generated?: { readonly exit_codes: ExitCodeMap },
): Registered => {
  const path = dottedPath(declared.name)
  const endless = declared.service === true || declared.stream !== undefined
  const own_timeout_ms = declared.timeout_ms ?? (endless ? undefined : (app.default_timeout_ms ?? default_timeout_ms))
  const connect_timeout_ms = declared.connect_timeout_ms ?? app.default_connect_timeout_ms ?? default_connect_timeout_ms
  const list_limit = declared.list === undefined ? undefined : (declared.list.default_limit ?? default_list_limit)
  const own: Readonly<Record<string, FlagEntry>> = Object.fromEntries(
    Object.entries(declared.parameters ?? {}).map(([name, flag]) => [name, flagEntry(flag)]),
  )
  const injected = injectedFlags({
    has_network_io: declared.has_network_io === true,
    destructive: declared.danger_level === "destructive",
    list_limit,
    timeout_ms: own_timeout_ms ?? 0,
    connect_timeout_ms,
  })
  return {
    published: {
      path,
      description: declared.description ?? declared.name,
      danger_level: declared.danger_level,
      flags: { ...own, ...injected },
      exit_codes: generated?.exit_codes ?? effectiveExitCodes(declared),
      output_schema: declared.output_schema ?? declared.job_descriptor_schema ?? { type: "object" },
      subcommands: paths.filter((other) => other.startsWith(`${path}.`)).toSorted(),
      aliases: declared.aliases,
      examples: declared.examples,
      contract_version: declared.contract_version,
      job_descriptor_schema: declared.job_descriptor_schema,
      has_network_io: declared.has_network_io,
      steps: declared.steps,
      requires: declared.requires,
      required_scopes: declared.required_scopes,
      service: declared.service,
      stream: declared.stream,
    },
    handlers: declared,
    isolation: declared.isolation ?? app.isolation ?? "process",
    timeout_ms: own_timeout_ms,
    connect_timeout_ms,
    grace_ms: declared.grace_ms ?? service_grace_ms,
    requires: declared.requires ?? [],
    error_registry: declared.error_registry ?? {},
    list_limit,
    leavesProcesses: declared.async === true || declared.spawns_background_process === true,
    by: generated === undefined ? "author" : "framework",
  }
}
