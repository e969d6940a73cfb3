/**
 * What the two processes of a run say to each other.
 *
 * @module
 */
import type { Style } from "./Application.ts"
import type { Outcome } from "./Outcome.ts"

/** How much goes to stderr. */
export type Verbosity = "quiet" | "normal" | "verbose" | "debug"

/** Everything that a run needs to know, from the command line and the environment. */
export interface RunRequest {
  readonly path: string
  readonly args: Readonly<Record<string, unknown>>
  readonly total_ms: number | undefined
  readonly connect_ms: number | undefined
  /** When the run began, in milliseconds since the epoch. */
  readonly started_ms: number
  /** What is left of the limit when this is sent. */
  readonly remaining_ms: number | undefined
  readonly limit: number | undefined
  readonly cursor: string | undefined
  readonly dry_run: boolean
  readonly validate_only: boolean
  readonly verbosity: Verbosity
  /** Development mode: mistakes of the author are told on stderr. */
  readonly development: boolean
  /** Present when the answer is shown to a person. */
  readonly style: Style | undefined
  /** Whether a progress line may stand on stderr, which a log line must clear. */
  readonly progress: boolean
  readonly request_id: string
  readonly trace_id: string | undefined
  readonly secrets: ReadonlyArray<string>
  readonly size_max_bytes: number
}

export type StopReason = "timeout" | "SIGTERM" | "SIGINT" | "SIGHUP" | "reader" | "output"

export type ToRunner =
  | { readonly type: "start"; readonly request: RunRequest }
  | { readonly type: "stop"; readonly reason: StopReason; readonly grace_ms: number }

export type FromRunner =
  | { readonly type: "ready" }
  | { readonly type: "step"; readonly event: "step_start" | "step_complete"; readonly step: string }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "progress"; readonly text: string }
  /** A program leads a process group of its own, which must not outlive the run. */
  | { readonly type: "group"; readonly pid: number }
  /** The order to stop has been heard: the event loop is alive. */
  | { readonly type: "stopping" }
  | { readonly type: "stopped" }
  | { readonly type: "end"; readonly outcome: Outcome }
