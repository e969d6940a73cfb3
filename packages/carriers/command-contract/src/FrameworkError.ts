/** The rules that a registration can break, each with a code that never changes. */
export type ViolationCode =
  | "EXIT_CODES_REQUIRED"
  | "EXIT_CODES_NO_SUCCESS"
  | "EXIT_CODE_KEY_INVALID"
  | "EXIT_CODE_NAME_MISMATCH"
  | "EXIT_CODE_NAME_REQUIRED"
  | "EXIT_CODE_ENTRY_INVALID"
  | "RETRYABLE_WITH_SIDE_EFFECTS"
  | "COMPLETE_ON_FAILURE"
  | "ARG_ERROR_HAS_EFFECTS"
  | "PARTIAL_IS_RETRYABLE"
  | "TIMEOUT_EXIT_REQUIRED"
  | "ASYNC_SCHEMA_REQUIRED"
  | "ASYNC_SCHEMA_INVALID"
  | "ASYNC_FLAG_INVALID"
  | "JOB_NAME_RESERVED"
  | "STEPS_INVALID"
  | "STEPS_EXIT_REQUIRED"
  | "DANGER_LEVEL_REQUIRED"
  | "HANDLER_REQUIRED"
  | "OUTPUT_SCHEMA_INVALID"
  | "DUPLICATE_COMMAND"
  | "COMMAND_NAME_INVALID"
  | "COMMAND_FIELD_INVALID"
  | "FLAG_RESERVED"
  | "FLAG_INVALID"
  | "PATTERN_UNANCHORED"
  | "TIMEOUT_OUT_OF_RANGE"
  | "DRY_RUN_REQUIRED"
  | "REQUIRES_UNKNOWN_FLAG"
  | "FIX_COMMAND_UNSAFE"
  | "BACKGROUND_METADATA_REQUIRED"
  | "APPLICATION_INVALID"

/** One rule that a registration breaks. */
export interface Violation {
  readonly code: ViolationCode
  /** The dotted path of the command; empty for the application itself. */
  readonly command: string
  /** Where in the registration, such as `exit_codes.TIMEOUT`. */
  readonly path: string
  /** What is wrong and what to write instead. */
  readonly message: string
}

/**
 * A registration that cannot be accepted: an error of the program's author, never of its caller.
 *
 * `code` and `command` are those of the first violation; `violations` names every one, so that one reading is enough.
 */
export class FrameworkError extends Error {
  readonly _tag = "FrameworkError"
  override readonly name = "FrameworkError"
  readonly code: ViolationCode
  readonly command: string
  readonly violations: ReadonlyArray<Violation>

  constructor(violations: readonly [Violation, ...ReadonlyArray<Violation>]) {
    const lines = violations.map(
      ({ code, command, message, path }) =>
        `${command === "" ? "the application" : command}: ${path}: ${message} [${code}]`,
    )
    super(
      violations.length === 1
        ? lines.join("")
        : `${violations.length} mistakes in registrations:\n  ${lines.join("\n  ")}`,
    )
    this.code = violations[0].code
    this.command = violations[0].command
    this.violations = Object.freeze([...violations])
  }
}
