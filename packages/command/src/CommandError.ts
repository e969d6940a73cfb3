import type { ErrorDetail, ExitCodeName, NetworkContext } from "@waybill/command-contract"

/** What a handler says about its failure. */
export interface CommandErrorOptions {
  /** A name of the command's `exit_codes`, or of the table. */
  readonly exit: ExitCodeName | (string & {})
  /** Upper case and stable: `REPORT_NOT_FOUND`. */
  readonly code: string
  /** A full sentence for people. */
  readonly message: string
  /** Only `false` has an effect: it takes back what the exit code promises. */
  readonly retryable?: false
  readonly detail?: string
  readonly suggestion?: string
  readonly docs_url?: string
  readonly context?: Readonly<Record<string, unknown>>
  readonly retry_after_ms?: number
  readonly retry_strategy?: "immediate" | "linear_backoff" | "exponential_backoff"
  readonly fix_required?: string
  readonly redirect?: ErrorDetail["redirect"]
  readonly network_context?: NetworkContext
  /** What there is in spite of the failure; becomes `data`. */
  readonly data?: object
  /** Whether `data` has the shape of a result, so that a person is shown it as the command's own `render` shows results. */
  readonly isResult?: true
  readonly cause?: unknown
}

/**
 * The failure that a handler means: `throw` it, or fail an Effect with it. Everything else that is thrown is an
 * accident and ends with exit 1.
 *
 * @example
 * throw new CommandError({
 *   exit: "NOT_FOUND",
 *   code: "REPORT_NOT_FOUND",
 *   message: `There is no report ${id}.`,
 *   suggestion: "List the reports with: tool report list",
 * })
 */
export class CommandError extends Error {
  readonly _tag = "CommandError"
  override readonly name = "CommandError"
  readonly options: CommandErrorOptions

  constructor(options: CommandErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.options = options
  }

  /** True for an error of this class, also of another copy of it. */
  static is(value: unknown): value is CommandError {
    return value instanceof Error && "_tag" in value && value._tag === "CommandError" && "options" in value
  }
}
