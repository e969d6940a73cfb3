/**
 * The flags that every command has without declaring them. Their names are reserved.
 *
 * @module
 */
import { formatDuration } from "./Duration.ts"
import type { FlagEntry } from "./Wire.ts"

/** The limits in force when nobody says otherwise. */
export const default_timeout_ms = 300_000
export const default_connect_timeout_ms = 10_000
export const default_list_limit = 20

/** What decides which flags are added. */
export interface InjectionFacts {
  readonly has_network_io: boolean
  readonly destructive: boolean
  /** The default of `--limit`, for list commands. */
  readonly list_limit?: number | undefined
  /** The limits in force, as milliseconds. */
  readonly timeout_ms: number
  readonly connect_timeout_ms: number
}

export const output_formats = ["json", "jsonl", "tsv", "plain"] as const
/** How an answer is written; without the flag a terminal gets text and everything else gets JSON. */
export type OutputFormat = (typeof output_formats)[number]

const flag = (type: FlagEntry["type"], description: string, more: Partial<FlagEntry> = {}): FlagEntry => ({
  type,
  required: false,
  description,
  ...more,
})

const everywhere: Readonly<Record<string, FlagEntry>> = {
  output: flag("enum", "How the answer is written", { enum_values: [...output_formats] }),
  schema: flag("boolean", "Print what the command promises and exit"),
  "output-schema": flag("boolean", "Print the JSON Schema of the command's data and exit"),
  "validate-only": flag("boolean", "Check the arguments and stop before anything is done"),
  quiet: flag("boolean", "Write nothing on stderr"),
  verbose: flag("boolean", "Write progress and steps on stderr"),
  debug: flag("boolean", "Write everything on stderr, stack traces included"),
  help: flag("boolean", "Show help and exit", { short: "h" }),
  version: flag("boolean", "Show the version and exit", { short: "V" }),
}

/** The names of the flags that every command has. */
export const everywhere_flags: ReadonlySet<string> = new Set(Object.keys(everywhere))

/** Names that no author may declare, whatever the command is: the framework reads them itself. */
export const reserved_flags: ReadonlySet<string> = new Set([
  ...everywhere_flags,
  "timeout",
  "connect-timeout",
  "dry-run",
  "limit",
  "cursor",
])

/** Letters that no author may use. */
export const reserved_letters: ReadonlySet<string> = new Set(["h", "V"])

/** The flags that the framework adds to a command, with the defaults in force. */
export const injectedFlags = (facts: InjectionFacts): Readonly<Record<string, FlagEntry>> => ({
  ...(facts.has_network_io
    ? {
        timeout: flag("string", "Limit for the whole run; 0 disables it", {
          default: formatDuration(facts.timeout_ms),
          value_name: "DURATION",
        }),
        "connect-timeout": flag("string", "Limit for opening each connection; 0 leaves only --timeout", {
          default: formatDuration(facts.connect_timeout_ms),
          value_name: "DURATION",
        }),
      }
    : {}),
  ...(facts.destructive ? { "dry-run": flag("boolean", "Say what would be done and do nothing") } : {}),
  ...(facts.list_limit === undefined
    ? {}
    : {
        limit: flag("integer", "How many items to return at most; 0 for all", { default: facts.list_limit }),
        cursor: flag("string", "Where to go on: meta.pagination.next_cursor of the answer before"),
      }),
  ...everywhere,
})
