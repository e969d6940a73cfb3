/**
 * What a command line asks for, before anything is done about it.
 *
 * @module
 */
import {
  type ArgumentError,
  type ErrorDetail,
  type OutputFormat,
  commandSchema,
  output_formats,
} from "@waybill/command-contract"
import { argumentFix } from "./argumentFix.ts"
import type { Catalogue } from "./Catalogue.ts"
import { manifestOf } from "./ManifestOf.ts"
import { parse } from "./Parse.ts"
import { redact } from "./PlainText.ts"
import type { Verbosity } from "./Protocol.ts"
import type { Registered } from "./Registered.ts"
import { route } from "./Route.ts"
import { type Validated, validate } from "./Validate.ts"

/** The flags that say how to answer; they are heeded even when the rest of the line is wrong. */
export interface AnswerOptions {
  readonly output: OutputFormat | undefined
  readonly verbosity: Verbosity
}

export type Plan =
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly command: Registered | undefined; readonly group: string }
  /** A bare object, without an envelope. */
  | { readonly kind: "bare"; readonly value: object }
  | { readonly kind: "data"; readonly command: Registered; readonly data: object | null; readonly meta: object }
  | {
      readonly kind: "refused"
      readonly command: Registered | undefined
      readonly error: ErrorDetail
      /** Present when the command's own check can judge what is right so far. */
      readonly further?: Further
    }
  | { readonly kind: "run"; readonly command: Registered; readonly validated: Validated; readonly asked: Asked }

export interface Further {
  readonly command: Registered
  readonly validated: Validated
  /** The refusal with what that check found as well. */
  readonly refusal: (found: ReadonlyArray<ArgumentError>) => ErrorDetail
}

/** Flags of the framework that a run heeds. */
export interface Asked {
  readonly validate_only: boolean
  readonly dry_run: boolean
  readonly limit: number | undefined
  readonly cursor: string | undefined
}

/** Words before `--`: behind it, a word that looks like a flag is none. */
const flagWords = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = words.indexOf("--")
  return end === -1 ? words : words.slice(0, end)
}

export const readAnswerOptions = (words: ReadonlyArray<string>): AnswerOptions => {
  const flags = flagWords(words)
  const at = flags.findIndex((word) => word === "--output" || word.startsWith("--output="))
  const text =
    at === -1 ? undefined : flags[at]?.includes("=") === true ? flags[at]?.slice("--output=".length) : flags[at + 1]
  const verbosity = (["quiet", "debug", "verbose"] as const).find((each) => flags.includes(`--${each}`)) ?? "normal"
  return { output: output_formats.find((format) => format === text), verbosity }
}

/** A word that has no place may be an address with a password, on its way to another command. */
const shown = (text: string, secrets: ReadonlyArray<string> = []): string => redact(text, secrets)
const shownArgument =
  (secrets: ReadonlyArray<string>) =>
  ({ message, param, value, ...rest }: ArgumentError): ArgumentError => ({
    ...rest,
    param: shown(param, secrets),
    message: shown(message, secrets),
    ...(value === undefined ? {} : { value: typeof value === "string" ? shown(value, secrets) : value }),
  })

const argError = (
  given: ReadonlyArray<ArgumentError>,
  suggested: string,
  secrets: ReadonlyArray<string> = [],
): ErrorDetail => {
  const errors = given.map(shownArgument(secrets))
  return {
    code: "ARG_ERROR",
    message: errors.map(({ message }) => (message.endsWith("?") ? message : `${message}.`)).join(" "),
    retryable: false,
    phase: "validation",
    exit_code: 2,
    fix_required: argumentFix(errors),
    suggestion: shown(suggested),
    errors,
  }
}

const unknownCommand = (invocation: string, group: string, word: string, meant: string | undefined): ErrorDetail => {
  const before = group === "" ? "" : `${group.replaceAll(".", " ")} `
  return {
    code: "UNKNOWN_COMMAND",
    message: `${JSON.stringify(shown(word).slice(0, 80))} is not a command${group === "" ? "" : ` of ${before.trim()}`}.`,
    retryable: false,
    phase: "validation",
    exit_code: 2,
    fix_required: "Use a command that exists.",
    suggestion:
      meant === undefined
        ? `List the commands with: ${invocation} ${before}--help`
        : `Did you mean: ${invocation} ${before}${meant}`,
  }
}

/** What stands on stdout: the data of an answer, one line of a stream of lines, or the whole of a raw stream. */
const outputSchemaOf = ({ published: { output_schema, stream } }: Registered): object =>
  stream?.format === "raw" ? { type: "string", contentMediaType: stream.media_type } : output_schema

const planCommand = (
  invocation: string,
  catalogue: Catalogue,
  command: Registered,
  words: ReadonlyArray<string>,
): Plan => {
  const { published } = command
  const flags = flagWords(words)
  if (flags.includes("--schema") || flags.includes("--print-schema"))
    return { kind: "bare", value: commandSchema(published) }
  if (flags.includes("--output-schema")) return { kind: "data", command, data: outputSchemaOf(command), meta: {} }
  const parsed = parse(words, published.flags)
  const validated = validate(command, parsed.given)
  const errors = [...parsed.errors, ...validated.errors.filter(isNew(parsed.errors))]
  if (errors.length > 0) {
    const help = `${invocation} ${published.path.replaceAll(".", " ")} --help`
    const wrong = new Set(errors.map(({ field }) => field))
    // Of a word that is wrong already, and stands at its default for the check, no more is said.
    const refusal = (found: ReadonlyArray<ArgumentError>) =>
      argError([...errors, ...found.filter(({ field }) => !wrong.has(field))], `See: ${help}`, parsed.secrets)
    const further = command.handlers.validate === undefined ? {} : { further: { command, validated, refusal } }
    return { kind: "refused", command, error: refusal([]), ...further }
  }
  const { given } = parsed
  if (published.path === "manifest" && command.by === "framework") {
    const manifest = manifestOf(catalogue.commands)
    const isCurrent = given.get("etag") === manifest.etag
    return {
      kind: "data",
      command,
      data: isCurrent ? null : { ...manifest },
      meta: isCurrent ? { not_modified: true } : {},
    }
  }
  const limit = given.get("limit") ?? command.list_limit
  const cursor = given.get("cursor")
  const asked: Asked = {
    validate_only: given.get("validate-only") === true,
    dry_run: given.get("dry-run") === true,
    limit: typeof limit === "number" && limit > 0 ? limit : undefined,
    cursor: typeof cursor === "string" ? cursor : undefined,
  }
  if (asked.validate_only && command.handlers.validate === undefined) {
    return { kind: "data", command, data: { valid: true }, meta: { validation_only: true } }
  }
  return { kind: "run", command, validated, asked }
}

/** Some programs have a command for what is a flag here: `tool help send` is `tool send --help`. */
const flagMeant = (
  catalogue: Catalogue,
  { word }: { readonly word: string },
  words: ReadonlyArray<string>,
): string | undefined => {
  if (word === "version") return "--version"
  if (word !== "help") return undefined
  const about = route(words.slice(words.indexOf(word) + 1), catalogue.names)
  return about.kind !== "unknown" && about.path !== "" ? `${about.path.replaceAll(".", " ")} --help` : "--help"
}

/** A command's flag before the command: its value would be taken for the command's name. */
const misplaced = (invocation: string, catalogue: Catalogue, words: ReadonlyArray<string>): ErrorDetail => {
  const [first = "", ...others] = words
  const hasSecret = [...catalogue.commands.values()].some(
    ({ published: { flags } }) => flags[first.replace(/^--|=.*/gs, "")]?.secret === true,
  )
  const flag = hasSecret ? first.replace(/=.*/s, "") : first
  const message = `${flag} stands before the command; flags come after it`
  const meant = [1, 0].flatMap((values) => {
    const routed = route(others.slice(values), catalogue.names)
    if (routed.kind !== "command") return []
    const name = routed.path.replaceAll(".", " ")
    const flags = catalogue.commands.get(routed.path)?.published.flags ?? {}
    // Any of these words may be the secret.
    if (Object.values(flags).some(({ secret }) => secret === true)) return [`${name} ${flag} …`]
    return [[name, flag, ...others.slice(0, values), ...routed.words].join(" ")]
  })[0]
  return argError(
    [{ param: flag, field: flag.replace(/^-+/, ""), code: "FLAG_MISPLACED", message }],
    meant === undefined ? `See: ${invocation} --help` : `Did you mean: ${invocation} ${meant}`,
  )
}

/** A required flag whose value was refused is not missing as well. */
const isNew =
  (known: ReadonlyArray<ArgumentError>) =>
  ({ code, field }: ArgumentError): boolean =>
    code !== "FLAG_REQUIRED" || !known.some((error) => error.field === field)

/** Reads a command line. Pure: nothing outside the process is touched. */
export const plan = (invocation: string, catalogue: Catalogue, words: ReadonlyArray<string>): Plan => {
  const flags = flagWords(words)
  if (flags.includes("--version") || flags.includes("-V")) return { kind: "version" }
  const routed = route(words, catalogue.names)
  const wantsHelp = flags.includes("--help") || flags.includes("-h")
  const first = words[0] ?? ""
  if (routed.kind === "unknown" && !isKnownFirst(first) && first !== "--") {
    return { kind: "refused", command: undefined, error: misplaced(invocation, catalogue, words) }
  }
  if (routed.kind === "unknown") {
    return {
      kind: "refused",
      command: undefined,
      error: unknownCommand(invocation, routed.group, routed.word, flagMeant(catalogue, routed, words) ?? routed.meant),
    }
  }
  if (routed.kind === "command") {
    const command = catalogue.commands.get(routed.path)
    if (command === undefined) throw new Error(`${routed.path} is named and not there`)
    return wantsHelp ? { kind: "help", command, group: "" } : planCommand(invocation, catalogue, command, routed.words)
  }
  const manifest = catalogue.commands.get("manifest")
  const isSchema = flags.includes("--schema") || flags.includes("--print-schema")
  if (routed.path === "" && isSchema && manifest !== undefined) {
    return { kind: "data", command: manifest, data: { ...manifestOf(catalogue.commands) }, meta: {} }
  }
  const strange = routed.words.find((word) => !isKnownFirst(word))
  if (strange !== undefined) {
    const message = `${strange} is not a flag of this program`
    const error = { param: strange, field: strange.replace(/^-+/, ""), code: "FLAG_UNKNOWN", message }
    return { kind: "refused", command: undefined, error: argError([error], `See: ${invocation} --help`) }
  }
  return { kind: "help", command: undefined, group: routed.path }
}

const isKnownFirst = (word: string): boolean =>
  !word.startsWith("-") || /^--(?:output(?:=.*)?|quiet|verbose|debug|help)$|^-h$/.test(word)
