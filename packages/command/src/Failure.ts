/**
 * From whatever was thrown to an error that programs and people can act on.
 *
 * @module
 */
import { type ErrorDetail, type ExitCodeMap, type NetworkContext, exit_codes, rangeOf } from "@waybill/command-contract"
import { CommandError, type CommandErrorOptions } from "./CommandError.ts"
import { plainText, redact } from "./PlainText.ts"
import type { Registered } from "./Registered.ts"

export interface Failure {
  readonly exit_code: number
  readonly error: ErrorDetail
  readonly data: object | null
  /** Told to the author: something about the failure itself is wrong. */
  readonly warnings: ReadonlyArray<string>
  /** The stack, for stderr only. */
  readonly stack: string | undefined
  /** An accident of the handler and not of the network: its stack says where to look. */
  readonly isAccident: boolean
}

const message_length_max = 1_000
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The first line of a foreign message, without anything that looks like a stack. */
const firstLine = (text: string): string => {
  const lines = plainText(text)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^at\s.+(?::\d+|\))$/.test(line))
  const line = lines[0] ?? ""
  return line.length > message_length_max ? `${line.slice(0, message_length_max - 1)}…` : line
}

const described = (thrown: unknown): string => {
  if (thrown instanceof Error) return firstLine(thrown.message) || thrown.name
  if (typeof thrown === "string") return firstLine(thrown) || "An empty text was thrown."
  if (isRecord(thrown) && typeof thrown["message"] === "string" && thrown["message"] !== "")
    return firstLine(thrown["message"])
  try {
    return firstLine(`A value that is not an error was thrown: ${JSON.stringify(thrown) ?? String(thrown)}`)
  } catch {
    return "A value that is not an error was thrown."
  }
}

/** The error and what caused it, outermost first; a cycle ends the walk. */
export const causes = (thrown: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const found: Array<Readonly<Record<string, unknown>>> = []
  for (let one = thrown; isRecord(one) && !found.includes(one) && found.length < 10; one = one["cause"]) found.push(one)
  return found
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

/** A tag such as `StoreLocked` as an error code: `STORE_LOCKED`. */
const codeOfTag = (tag: string): string => tag.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()

/**
 * The number behind a name, by the command's own map and then by the table; undefined when nobody knows it. Where a number of the
 * table is about something else, as 3 and 4 of `job status` are about the job, the table's name has no number.
 */
const exitOf = (exit: string, { by, published }: Registered): number | undefined => {
  const map: ExitCodeMap = published.exit_codes
  const own = Object.entries(map).find(([, { name }]) => name === exit)
  if (own !== undefined) return Number(own[0])
  const code = Object.hasOwn(exit_codes, exit) ? exit_codes[exit as keyof typeof exit_codes] : undefined
  return by === "framework" && code !== undefined && map[String(code)] !== undefined ? undefined : code
}

const connect_codes = new Set(["UND_ERR_CONNECT_TIMEOUT", "CONNECT_TIMEOUT"])
const broken_codes =
  /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|EADDRNOTAVAIL|ETIMEDOUT|UND_ERR_SOCKET|CERT_.*|ERR_TLS_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/

/** Failures of the network that the handler did not catch, told apart by name and cause. */
const networkFailure = (
  thrown: unknown,
  map: ExitCodeMap,
  context: NetworkContext | undefined,
): (CommandErrorOptions & { readonly narrow?: boolean }) | undefined => {
  const chain = causes(thrown)
  const has = (test: (code: string, name: string) => boolean) =>
    chain.some((one) => test(textOf(one["code"]), textOf(one["_tag"]) || textOf(one["name"])))
  const said = described(chain.at(-1) ?? thrown)
  const network = context === undefined ? {} : { network_context: context }
  if (has((code) => connect_codes.has(code))) {
    return {
      exit: "TIMEOUT",
      code: "CONNECT_TIMEOUT",
      message: `No connection was opened in time: ${said}`,
      suggestion: "Raise --connect-timeout, or check the address.",
      ...network,
    }
  }
  if (
    has(
      (code, name) =>
        name === "TimeoutError" || code === "ABORT_ERR_TIMEOUT" || /^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/.test(code),
    )
  ) {
    return {
      exit: "TIMEOUT",
      code: "REQUEST_TIMEOUT",
      message: `A time limit inside the command ran out: ${said}`,
      ...network,
    }
  }
  if (has((code) => broken_codes.test(code))) {
    const exit = map["12"] === undefined ? "GENERAL_ERROR" : "UNAVAILABLE"
    return { exit, code: "CONNECTION_FAILED", message: `The connection failed: ${said}`, ...network }
  }
  return undefined
}

/** Puts an error together; hints that contradict `retryable` are left out. */
const detail = (
  options: CommandErrorOptions,
  exit_code: number,
  command: Registered,
  phase: ErrorDetail["phase"],
): ErrorDetail => {
  const known = command.error_registry[options.code]
  const retryable = options.retryable !== false && command.published.exit_codes[String(exit_code)]?.retryable === true
  const optional = {
    detail: options.detail,
    suggestion: options.suggestion ?? known?.suggestion,
    docs_url: options.docs_url ?? known?.docs_url,
    context: options.context,
    retry_after_ms: retryable ? (options.retry_after_ms ?? known?.retry_after_ms) : undefined,
    retry_strategy: retryable ? (options.retry_strategy ?? known?.retry_strategy) : undefined,
    fix_required: retryable ? undefined : (options.fix_required ?? known?.fix_required),
    fix_command: known?.fix_command,
    redirect: exit_code === 13 ? options.redirect : undefined,
    network_context: options.network_context,
  }
  return {
    code: /^[A-Z][A-Z0-9_]+$/.test(options.code) ? options.code : "GENERAL_ERROR",
    message: options.message === "" ? "The command failed and gave no reason." : options.message,
    retryable,
    phase: exit_code === 2 ? "validation" : phase,
    exit_code,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}

export interface FailureFacts {
  readonly command: Registered
  readonly secrets: ReadonlyArray<string>
  readonly network: (thrown: unknown) => NetworkContext | undefined
  readonly phase?: ErrorDetail["phase"]
  /** In development the author is told of codes that the command does not declare. */
  readonly development?: boolean
  /** Used for accidents instead of UNHANDLED_EXCEPTION. */
  readonly accident?: string
}

/** Explains what a handler threw. Nothing of a stack is in the error. */
export const explain = (thrown: unknown, facts: FailureFacts): Failure => {
  const { command, phase = "execution", secrets } = facts
  const map = command.published.exit_codes
  const warnings: Array<string> = []
  const clean = (text: string) => redact(plainText(text), secrets)
  const made = (options: CommandErrorOptions, stack: string | undefined, isAccident = false): Failure => {
    let exit_code = exitOf(options.exit, command)
    if (exit_code === undefined || exit_code === 0 || !["table", "sysexits", "own"].includes(rangeOf(exit_code))) {
      warnings.push(`EXIT_CODE_UNKNOWN: ${options.exit} is no exit code of ${command.published.path}; 1 is used`)
      exit_code = 1
    } else if (facts.development === true && map[String(exit_code)] === undefined) {
      warnings.push(
        `EXIT_CODE_UNDECLARED: ${command.published.path} ended with ${options.exit}, which it does not declare`,
      )
    }
    const error = detail({ ...options, message: clean(options.message) }, exit_code, command, phase)
    return {
      exit_code,
      error,
      data: options.data ?? null,
      warnings,
      stack: stack === undefined ? undefined : clean(stack),
      isAccident,
    }
  }
  const stack = thrown instanceof Error ? thrown.stack : undefined
  if (CommandError.is(thrown)) return made(thrown.options, undefined)
  const own = isRecord(thrown) ? [textOf(thrown["code"]), codeOfTag(textOf(thrown["_tag"]))] : []
  const registered = own.find((code) => Object.hasOwn(command.error_registry, code))
  if (registered !== undefined) {
    const { exit = "GENERAL_ERROR" } = command.error_registry[registered] ?? {}
    return made({ exit, code: registered, message: described(thrown) }, undefined)
  }
  const network = networkFailure(thrown, map, facts.network(thrown))
  if (network !== undefined) return made(network, stack)
  return made(
    { exit: "GENERAL_ERROR", code: facts.accident ?? "UNHANDLED_EXCEPTION", message: described(thrown) },
    stack ?? described(thrown),
    true,
  )
}
