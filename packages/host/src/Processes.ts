/**
 * The port to other programs.
 *
 * A program is started from an argument vector, never through a shell; it gets exactly the environment it is given; it
 * leads a process group of its own, and ending it means ending that group.
 *
 * @module
 */
import { Context, Data, type Effect } from "effect"
import { explainErrno } from "./errno.ts"
import type { FamilyEnd, FamilySelection, ProcessIdentity } from "./ProcessTree.ts"

/** What was being done when the machine refused. */
export type ProcessOperation = "spawn" | "output" | "guard"

/**
 * A program could not be started (`spawn`), its output could not be kept (`output`), or its guard was killed (`guard`; the
 * program is ended then). `code` is the errno name (`ENOENT`: no such program or working directory, `EACCES`: not executable,
 * `ENOSPC`, `EINVAL`: a time that cannot be waited for …). How a program ended is never an error.
 */
export class ProcessError extends Data.TaggedError("ProcessError")<{
  readonly operation: ProcessOperation
  readonly program: string
  readonly cwd: string
  readonly code: string
  readonly cause?: unknown
}> {
  override get message(): string {
    const { cause, code, cwd, operation, program } = this
    const why =
      code === "UNKNOWN" || code === "EINVAL" ? (cause instanceof Error ? cause.message : undefined) : undefined
    return `${operation} ${program} in ${cwd}: ${why ?? explainErrno(code)}`
  }
}

/** Where one of the program's output streams goes. `file` appends to a host path and makes the file if need be. */
export type OutputTarget =
  | { readonly kind: "ignore" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "capture"; readonly bytes_max: number }

/** What was kept of an output stream: the first bytes up to the cap, and how many more there were. */
export interface CapturedOutput {
  readonly bytes: Uint8Array
  readonly dropped_bytes: number
}

/** How a program ended: by itself with a code, or by a signal. */
export type ProcessExit =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }

/** What to start. */
export interface ProcessRequest {
  /** Program and arguments, as they are. A program without a slash is looked up in the PATH of `env`. */
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  /** The whole environment, save what `inherit` adds. */
  readonly env: Readonly<Record<string, string>>
  /** Names of variables that are taken over from this process when it has them and `env` does not name them. */
  readonly inherit?: ReadonlyArray<string>
  /** Bytes for standard input; without them it is empty. */
  readonly stdin?: Uint8Array
  /** Both outputs are ignored unless said otherwise. */
  readonly stdout?: OutputTarget
  readonly stderr?: OutputTarget
}

/** A program that is waited for. */
export interface RunRequest extends ProcessRequest {
  /** After this long the group is ended and `timedOut` is true. Without it there is no limit. */
  readonly timeLimit_ms?: number
  /** Time between SIGTERM and SIGKILL when the group is ended; 2 000 by default. */
  readonly grace_ms?: number
  /**
   * Name of a variable of `env` that only this run bears. Whoever inherits it belongs to the run, and is ended with the group
   * also after leaving it (a daemon). Needs `/proc`.
   */
  readonly marker?: string
  /**
   * Runs the program under a guard: a small program of ours that ends it, and all that it started, when this process is gone,
   * however it died. Costs the start of a Node, about 50 ms.
   */
  readonly guarded?: boolean
  /** Told how it went when the run was interrupted, as soon as its group has ended: of that nobody else hears. */
  readonly whenInterrupted?: (outcome: ProcessOutcome) => void
}

/** How a run went. Captured output is empty for streams that were not captured. */
export interface ProcessOutcome {
  readonly exit: ProcessExit
  readonly timedOut: boolean
  readonly stdout: CapturedOutput
  readonly stderr: CapturedOutput
  /** Processes that were still in the group when the program itself had ended, and what became of them. */
  readonly leftovers: FamilyEnd
}

/** A program that goes on when we are gone. */
export interface DetachedProcess {
  readonly pid: number
  /** Undefined where the machine has no `/proc`, or when the program was gone at once. */
  readonly identity: ProcessIdentity | undefined
  /** Waits for the end of the program. Interrupting the wait leaves the program alone. */
  readonly exited: Effect.Effect<ProcessExit>
  /**
   * Ends a standard input that was left open, with these bytes if there are any. Returns once the kernel has them, or the
   * program is gone. What is said after the first call is not heard.
   */
  readonly endInput: (bytes?: Uint8Array) => Effect.Effect<void>
}

/** The port itself. */
export interface ProcessesService {
  /** The Node binary that runs this program, for programs of ours that are started with it. */
  readonly node: string
  /**
   * Runs a program to its end. Interruption and the time limit end its whole group; members that outlive the program are
   * ended too.
   */
  readonly run: (request: RunRequest) => Effect.Effect<ProcessOutcome, ProcessError>
  /** Starts a program in a session of its own that outlives this process. Output cannot be captured. */
  readonly spawnDetached: (request: DetachedRequest) => Effect.Effect<DetachedProcess, ProcessError>
  /** True while exactly this process runs. */
  readonly isAlive: (identity: ProcessIdentity) => Effect.Effect<boolean>
  /** Signals exactly this process; false when it is gone. */
  readonly signal: (identity: ProcessIdentity, signal: "SIGTERM" | "SIGKILL") => Effect.Effect<boolean>
  /** Ends every process that provably belongs to the selection, see {@link FamilySelection}. */
  readonly endFamily: (selection: FamilySelection, grace_ms: number) => Effect.Effect<FamilyEnd>
}

/** A program that outlives us. */
export interface DetachedRequest extends ProcessRequest {
  readonly stdout?: DetachedOutput
  readonly stderr?: DetachedOutput
  /** Leaves standard input open behind `stdin`. It ends with this process, however that ends, or with `endInput`. */
  readonly keepsInputOpen?: boolean
}

/** Output of a program that outlives us can only go to a file. */
export type DetachedOutput = Exclude<OutputTarget, { readonly kind: "capture" }>

export class Processes extends Context.Service<Processes, ProcessesService>()("@waybill/host/Processes") {}
