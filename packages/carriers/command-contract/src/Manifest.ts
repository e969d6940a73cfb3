/**
 * What `--schema` and `manifest` show of a command, derived from its one declaration.
 *
 * @module
 */
import { canonicalJson } from "./CanonicalJson.ts"
import type { JsonSchema } from "./JsonSchema.ts"
import { job_cancel_exit_codes, job_status_exit_codes } from "./JobDescriptor.ts"
import { output_formats } from "./InjectedFlags.ts"
import type { Flag } from "./Registration.ts"
import type { CommandEntry, CommandSchema, ExitCodeMap, FlagEntry, Manifest } from "./Wire.ts"

/** A flag as it is published: `required` is always said. */
export const flagEntry = (flag: Flag): FlagEntry => ({ ...flag, required: flag.required ?? false })

/** A declaration with everything filled in that the framework adds. */
export interface Published {
  /** The dotted path. */
  readonly path: string
  readonly description: string
  readonly danger_level: CommandEntry["danger_level"]
  readonly flags: Readonly<Record<string, FlagEntry>>
  /** The effective map. */
  readonly exit_codes: ExitCodeMap
  readonly output_schema: JsonSchema
  /** Dotted paths of the commands below this one. */
  readonly subcommands: ReadonlyArray<string>
  readonly aliases?: ReadonlyArray<string> | undefined
  readonly examples?: CommandEntry["examples"]
  readonly contract_version?: string | undefined
  readonly job_descriptor_schema?: JsonSchema | undefined
  readonly has_network_io?: boolean | undefined
  readonly steps?: ReadonlyArray<string> | undefined
  readonly requires?: ReadonlyArray<object> | undefined
  readonly required_scopes?: ReadonlyArray<string> | undefined
  readonly service?: true | undefined
  readonly stream?: { readonly format: "jsonl" } | { readonly format: "raw"; readonly media_type: string } | undefined
}

const job_commands = {
  status: { command: "job.status", exit_codes: job_status_exit_codes },
  cancel: { command: "job.cancel", exit_codes: job_cancel_exit_codes },
} as const

/** The members that apply, in the order in which they are read. */
const optional = (command: Published) => ({
  ...((command.aliases ?? []).length > 0 ? { aliases: command.aliases ?? [] } : {}),
  output_schema: command.output_schema,
  ...((command.examples ?? []).length > 0 ? { examples: command.examples ?? [] } : {}),
  ...(command.subcommands.length > 0 ? { subcommands: command.subcommands } : {}),
  contract_version: command.contract_version ?? "1.0.0",
  ...(command.job_descriptor_schema === undefined
    ? {}
    : { async: true as const, job_descriptor_schema: command.job_descriptor_schema, job_commands }),
  ...(command.has_network_io === true ? { has_network_io: true } : {}),
  ...(command.steps === undefined ? {} : { steps: command.steps }),
  ...((command.requires ?? []).length > 0 ? { requires: (command.requires ?? []).map((rule) => ({ ...rule })) } : {}),
  ...(command.service === true ? { service: true as const } : {}),
  ...(command.stream === undefined ? {} : { stream: { media_type: "application/jsonl", ...command.stream } }),
})

/** The command's entry in the manifest. */
export const commandEntry = (command: Published): CommandEntry => ({
  description: command.description,
  danger_level: command.danger_level,
  flags: command.flags,
  exit_codes: command.exit_codes,
  output_formats: [...output_formats],
  required_scopes: command.required_scopes ?? [],
  ...optional(command),
})

/** What `tool <command> --schema` prints, bare; parameters stand under both of their names. */
export const commandSchema = (command: Published): CommandSchema => ({
  command: command.path.replaceAll(".", " "),
  description: command.description,
  danger_level: command.danger_level,
  parameters: command.flags,
  flags: command.flags,
  exit_codes: command.exit_codes,
  ...optional(command),
})

/** The entries of all commands by dotted path. */
export type ManifestCommands = Manifest["commands"]

export const manifestCommands = (commands: ReadonlyArray<Published>): ManifestCommands =>
  Object.fromEntries(
    commands.map((command) => [command.path, commandEntry(command)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/** The text whose SHA-256 is the manifest's etag: the same for the same commands in any order. */
export const manifestText = (commands: ManifestCommands): string => canonicalJson(commands)

/**
 * The manifest. Hashing happens elsewhere: `sha256` is the hex digest of {@link manifestText}.
 *
 * @example
 * makeManifest({ commands, framework_version: "0.1.0", sha256: createHash("sha256").update(manifestText(commands)).digest("hex") })
 */
export const makeManifest = (parts: {
  readonly commands: ManifestCommands
  readonly framework_version: string
  readonly sha256: string
}): Manifest => ({
  schema_version: "1.0",
  framework_version: parts.framework_version,
  etag: `sha256:${parts.sha256}`,
  commands: parts.commands,
})
