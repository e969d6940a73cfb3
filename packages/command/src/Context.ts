/**
 * What a handler is given besides its arguments. Nothing on it writes to stdout, save for commands that stream.
 *
 * @module
 */
import type { Agent as HttpAgent } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import type { Dispatcher } from "undici"

/** The limits in force; undefined means "no limit". */
export interface Timeouts {
  readonly totalMs: number | undefined
  readonly connectMs: number | undefined
  /** When the run is ended, in milliseconds since the epoch. */
  readonly deadline: number | undefined
  /** What is left of the run; never below 0. */
  readonly remainingMs: () => number | undefined
}

export interface Context {
  /** Aborts at the time limit (reason: a `TimeoutError`), and on SIGTERM and SIGINT. */
  readonly signal: AbortSignal
  readonly timeouts: Timeouts
  /** `fetch` that ends with `signal`, keeps the connect limit and honours the proxy variables. */
  readonly fetch: typeof globalThis.fetch
  /** For undici's own `request` and `stream`; never for the built-in `fetch`. Needs `has_network_io`. */
  readonly dispatcher: Dispatcher
  /** For `node:http`, with the same limits. Needs `has_network_io`. */
  readonly httpAgent: HttpAgent
  /** For `node:https`, with the same limits. Needs `has_network_io`. */
  readonly httpsAgent: HttpsAgent
  /** The environment; tests of the program give their own. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Says where a command with `steps` stands; a word out of order ends the run with STEP_PROTOCOL_VIOLATION. */
  readonly steps: {
    readonly start: (name: string) => void
    readonly complete: (name: string) => void
  }
  /** A line on stderr, with `--verbose` or on a terminal. */
  readonly log: (text: string) => void
  /** Goes into `warnings` as `CODE: text`. */
  readonly warn: (code: string, text: string) => void
  /** What is going on, shown on a terminal while the run takes longer than half a second. */
  readonly progress: (text: string) => void
  /** Runs once when the run ends, however it ends; all of them together have one second. */
  readonly onCleanup: (cleanup: () => unknown) => void
  /** Writes to stdout: one JSON line for `stream: jsonl` and services, bytes or text for `stream: raw`. Settles when taken. */
  readonly write: (value: unknown) => Promise<void>
  /** Facts about the items that a list command did not return. */
  readonly page: (facts: { readonly total?: number | null; readonly next_cursor?: string | null }) => void
  /** `--limit` (undefined: all) and `--cursor` of a list command. */
  readonly list: { readonly limit: number | undefined; readonly cursor: string | undefined }
  /** `--dry-run` of a destructive command. */
  readonly dryRun: boolean
  /** Whether a person reads along: text is wanted then, and JSON otherwise. */
  readonly isForPeople: boolean
  readonly requestId: string
  /** Value of TOOL_TRACE_ID, when there is one. */
  readonly traceId: string | undefined
}
