import type { ErrorDetail, Meta } from "./Wire.ts"

/** The version of the envelope itself. */
export const envelope_schema_version = "1.0"

/** The one answer of a run. `ok` tells the two kinds apart. */
export type ResponseEnvelope<T = unknown> =
  | {
      readonly ok: true
      readonly data: T
      readonly error: null
      readonly warnings: ReadonlyArray<string>
      readonly meta: Meta
    }
  | {
      readonly ok: false
      readonly data: T | null
      readonly error: ErrorDetail
      readonly warnings: ReadonlyArray<string>
      readonly meta: Meta
    }

/** What an answer is made of; `ok` is computed and cannot be set. */
export interface Answer {
  /** The process's exit code, which alone decides `ok`. */
  readonly exit_code: number
  readonly data: object | null
  /** Required for every code but 0, and ignored for 0. */
  readonly error?: ErrorDetail | undefined
  readonly warnings?: ReadonlyArray<string>
  readonly meta: Meta
}

/** An error for an answer whose author gave none: the code is all that is known. */
const unexplained = (exit_code: number): ErrorDetail => ({
  code: "GENERAL_ERROR",
  message: `The command ended with exit code ${exit_code} and gave no reason.`,
  retryable: false,
  phase: "execution",
  exit_code,
})

/**
 * Builds the answer: exactly `ok`, `data`, `error`, `warnings`, `meta`. A success without data has `{}`, because null data
 * with a null error would say nothing; only `meta.not_modified` allows it.
 *
 * @example
 * makeEnvelope({ exit_code: 0, data: null, meta: { duration_ms: 3, timeout_ms: 300000 } })
 * // { ok: true, data: {}, error: null, warnings: [], meta: { … } }
 */
export const makeEnvelope = ({ data, error, exit_code, meta, warnings = [] }: Answer): ResponseEnvelope => {
  if (exit_code === 0) {
    return { ok: true, data: data ?? (meta.not_modified === true ? null : {}), error: null, warnings, meta }
  }
  return { ok: false, data, error: error ?? unexplained(exit_code), warnings, meta }
}
