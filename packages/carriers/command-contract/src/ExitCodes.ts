/**
 * Exit codes: the table, the ranges, and what a command may promise for each.
 *
 * A code is retryable only when the identical call may succeed and nothing was changed. A mistake that the caller can
 * correct is not retryable.
 *
 * @module
 */
import type { ExitCodeEntry, SideEffects } from "./Wire.ts"

/** The table's codes by name. */
export const exit_codes = {
  SUCCESS: 0,
  GENERAL_ERROR: 1,
  ARG_ERROR: 2,
  PARTIAL_FAILURE: 3,
  PRECONDITION: 4,
  NOT_FOUND: 5,
  CONFLICT: 6,
  PERMISSION_DENIED: 7,
  AUTH_REQUIRED: 8,
  PAYMENT_REQUIRED: 9,
  TIMEOUT: 10,
  RATE_LIMITED: 11,
  UNAVAILABLE: 12,
  REDIRECTED: 13,
} as const

/** The name of a code that every tool shares. */
export type ExitCodeName = keyof typeof exit_codes

/** Codes that only the framework gives out: the run was ended by a signal. */
export const signal_codes = { SIGINT: 130, SIGTERM: 143 } as const

/** What a command promises about one exit code; retryable with side effects does not compile. */
export type ExitCodePromise =
  | { readonly description: string; readonly retryable: true; readonly side_effects: "none"; readonly name?: string }
  | {
      readonly description: string
      readonly retryable: false
      readonly side_effects: "none" | "partial"
      readonly name?: string
    }

/** What success promises: the only code that may say `complete`. */
export interface SuccessPromise {
  readonly description: string
  readonly retryable: false
  readonly side_effects: SideEffects
  readonly name?: "SUCCESS"
}

/** A refusal in validation: nothing happened, and the same call will be refused again. */
export interface ArgErrorPromise {
  readonly description: string
  readonly retryable: false
  readonly side_effects: "none"
  readonly name?: "ARG_ERROR"
}

/** Stopped midway: something happened, so repeating is never safe by itself. */
export interface PartialFailurePromise {
  readonly description: string
  readonly retryable: false
  readonly side_effects: "none" | "partial"
  readonly name?: "PARTIAL_FAILURE"
}

/** An exit code of the command's own, 64 to 125; made by {@link defineExitCode}. */
export type OwnExitCode<Name extends string = string> = ExitCodePromise & { readonly name: Name; readonly code: number }

/** What may stand under one name of a command's `exit_codes`. */
export type PromiseFor<Name extends string> = Name extends "SUCCESS"
  ? SuccessPromise
  : Name extends "ARG_ERROR"
    ? ArgErrorPromise
    : Name extends "PARTIAL_FAILURE"
      ? PartialFailurePromise
      : Name extends ExitCodeName
        ? ExitCodePromise
        : OwnExitCode<Name>

/**
 * A command's own exit code. 79 to 125 are free; 64 to 78 are those of `sysexits`.
 *
 * @param code an integer from 64 to 125; anything else is refused when the command is registered
 * @example
 * const QUOTA_EXHAUSTED = defineExitCode(80, "QUOTA_EXHAUSTED", {
 *   description: "The month's quota is used up", retryable: false, side_effects: "none",
 * })
 * // exit_codes: { SUCCESS: …, QUOTA_EXHAUSTED }
 */
export const defineExitCode = <const Name extends string>(
  code: number,
  name: Name,
  promise: ExitCodePromise,
): OwnExitCode<Name> => Object.freeze({ ...promise, name, code })

/** Who may give out a code. */
export type CodeRange = "table" | "reserved" | "sysexits" | "own" | "shell" | "invalid"

/** The range a number falls in: 0–13 table, 14–63 reserved, 64–78 sysexits, 79–125 own, 126–255 shell and signals. */
export const rangeOf = (code: number): CodeRange => {
  if (!Number.isInteger(code) || code < 0 || code > 255) return "invalid"
  if (code <= 13) return "table"
  if (code <= 63) return "reserved"
  if (code <= 78) return "sysexits"
  return code <= 125 ? "own" : "shell"
}

const names = new Map<number, ExitCodeName>(
  (Object.entries(exit_codes) as ReadonlyArray<[ExitCodeName, number]>).map(([name, code]) => [code, name]),
)

/** The table's name of a code from 0 to 13. */
export const nameOf = (code: number): ExitCodeName | undefined => names.get(code)

/** The number behind a name of a command's `exit_codes`. */
export const codeOf = (name: string, promise: { readonly code?: unknown } | undefined): number | undefined => {
  const own = promise?.code
  if (typeof own === "number") return own
  return Object.hasOwn(exit_codes, name) ? exit_codes[name as ExitCodeName] : undefined
}

/** The part of a registration that its exit codes depend on. */
export interface PromisesExitCodes {
  readonly exit_codes: Readonly<Record<string, object>>
  readonly danger_level?: string | undefined
  readonly has_network_io?: boolean | undefined
}

const entry = (
  name: string,
  description: string,
  retryable: boolean,
  side_effects: "none" | "partial",
): ExitCodeEntry => ({ name, description, retryable, side_effects }) as ExitCodeEntry

/** What the framework itself can answer with, for commands that do not say it better. */
const added = ({
  danger_level,
  has_network_io,
}: PromisesExitCodes): ReadonlyArray<readonly [number, ExitCodeEntry]> => {
  const safe = danger_level === "safe"
  return [
    [1, entry("GENERAL_ERROR", "An unexpected error ended the command", false, safe ? "none" : "partial")],
    [2, entry("ARG_ERROR", "The arguments were refused; nothing was done", false, "none")],
    ...(has_network_io === true
      ? []
      : [[10, entry("TIMEOUT", "The time limit ended the command", safe, safe ? "none" : "partial")] as const]),
    [130, entry("CANCELLED_SIGINT", "Interrupted by SIGINT", false, "partial")],
    [143, entry("CANCELLED_SIGTERM", "Ended by SIGTERM", false, "partial")],
  ]
}

/**
 * The effective map: what the author promised, completed with what the framework can answer itself. Keys are decimal
 * strings in ascending order; `--schema` and the manifest show exactly this.
 */
export const effectiveExitCodes = (command: PromisesExitCodes): Readonly<Record<string, ExitCodeEntry>> => {
  const map = new Map<number, ExitCodeEntry>(added(command))
  for (const [name, promise] of Object.entries(command.exit_codes)) {
    const code = codeOf(name, promise)
    if (code === undefined) continue
    const { description, retryable, side_effects } = promise as ExitCodePromise
    const shown = (promise as ExitCodePromise).name ?? name
    map.set(code, { name: shown, description, retryable, side_effects } as ExitCodeEntry)
  }
  return Object.fromEntries([...map].toSorted(([a], [b]) => a - b).map(([code, value]) => [String(code), value]))
}
