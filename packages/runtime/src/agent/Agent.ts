/**
 * The port to whoever does the work.
 *
 * An agent is asked with the idempotency key of an attempt and answers with a receipt. Under one key there is at most
 * one run, whatever dies in between: that is the promise every implementation keeps.
 *
 * @module
 */
import { Context, Data, type Effect, type Schema } from "effect"
import type { ProcessExit } from "@waybill/host"
import type { SubmitReason } from "@waybill/workspace-job"

/** What is to be run; the fields beyond `input` are those of the command agent. */
export interface SubmitSpec {
  /** Program and arguments, started without a shell in the workspace. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  /** Variables besides those of the protocol and PATH. Names that begin with `WAYBILL_` are refused. */
  readonly env?: Readonly<Record<string, string>>
  /** Up to 2 147 483 647. */
  readonly timeLimit_ms: number
  /** Time between SIGTERM and SIGKILL when the run is ended; 5 000 by default. */
  readonly grace_ms?: number
  /** Kept bytes of each output stream; 4 MiB by default. The rest is counted and dropped. */
  readonly outputBytes_max?: number
  /** Exit codes that mean something better than `tool_error`, such as `{ "75": "upstream_failure" }`. */
  readonly exitReasons?: Readonly<Record<string, SubmitReason>>
  /** Handed to the agent as a JSON file; for a repair attempt, the previous attempt's checks and reason. */
  readonly input?: Schema.Json
}

/** One run that is asked for. */
export interface SubmitRequest {
  /** The attempt's idempotency key: 1 to 4 096 bytes. */
  readonly key: string
  readonly runId: string
  /** The attempt's index, from 1. */
  readonly attempt: number
  /** Host path of the workspace; the agent's working directory. */
  readonly workspace: string
  /** Where the agent leaves its candidate: a path below the workspace (one leading slash means the workspace). */
  readonly candidatePath: string
  readonly spec: SubmitSpec
}

/** An output stream that was kept. */
export interface KeptOutput {
  readonly path: string
  readonly bytes: number
  readonly dropped_bytes: number
}

/** What is known of a run besides its outcome. For people who look for a cause; never part of a fact. */
export interface AgentDiagnostics {
  readonly exit?: ProcessExit
  /** RFC 3339, from the clock of the machine that ran it. */
  readonly startedAt?: string
  readonly endedAt?: string
  readonly stdout?: KeptOutput
  readonly stderr?: KeptOutput
  /** Processes that the agent left behind: how many were ended, and the ids of those that could not be. */
  readonly leftovers?: { readonly ended: number; readonly remaining: ReadonlyArray<number> }
  readonly note?: string
}

/** How a run ended. The same key always gets the same receipt. */
export type AgentReceipt =
  | { readonly submitRunId: string; readonly ok: true; readonly diagnostics: AgentDiagnostics }
  | {
      readonly submitRunId: string
      readonly ok: false
      readonly reason: SubmitReason
      readonly diagnostics: AgentDiagnostics
    }

const advice = {
  request_invalid: "Correct the request; nothing was started",
  folder_refused: "See to the room and the rights of the agent's folder, and ask again under the same key",
  folder_damaged: "Put the named file back from a copy, or do the work again under a new key",
  run_missing: "Put its folder back from a copy, or do the work again under a new key",
  lock_held: "End whoever holds it, and do the work again under a new key",
  wrapper_failed: "Look at the named log, and ask again under the same key",
  run_unreachable: "Cancel it on the machine where it runs",
} as const

/**
 * No receipt could be had, and nothing is said about the run: ask again with the same key. A settlement takes
 * `request_invalid`, `folder_damaged`, `run_missing` and `lock_held` for the end of the attempt, because asking again would not help.
 *
 * | code | meaning | what to do |
 * |---|---|---|
 * | `request_invalid` | the request cannot be run as it stands | correct it; nothing was started |
 * | `folder_refused` | the run's folder could not be read or written | see `cause`; make room, give rights |
 * | `folder_damaged` | a record in the run's folder is not what was written there | put the named file back; a settlement ends the attempt |
 * | `run_missing` | a run was begun under this key, and its records are gone | put the folder back; a settlement ends the attempt |
 * | `lock_held` | somebody holds the run's lock who is not its wrapper, or cannot be ended, for longer than the run may take | end whoever holds it; a settlement ends the attempt |
 * | `wrapper_failed` | the wrapper ended several times before it began | see the named log |
 * | `run_unreachable` | the run is alive but cannot be ended from here | cancel where it runs |
 */
export class AgentError extends Data.TaggedError("AgentError")<{
  readonly code: keyof typeof advice
  readonly key: string
  readonly detail: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `agent run ${JSON.stringify(this.key)}: ${this.code}: ${this.detail}. ${advice[this.code]}`
  }
}

/**
 * Where it is kept that a run was begun, out of that run's reach: the ledger, for a settlement. Who cannot find the records of a
 * run that was begun must not begin another.
 */
export interface StartRegister<E = never> {
  /** The run that was begun under the key, as far as is recorded. */
  readonly begun: BegunRun | undefined
  /** To be called before the agent does anything. It answers once that is durable; where it fails, the agent does not begin. */
  readonly begin: (run: BegunRun) => Effect.Effect<void, E>
}

/** What a register keeps of a run. */
export interface BegunRun {
  /** The id that its receipt will bear. */
  readonly submitRunId: string
  /**
   * `sha256:` and the digest of a secret that nobody tells the agent. Who shows it shows that the agent did not begin, and the run
   * may be begun after all.
   */
  readonly withdrawal?: string
}

/** An agent. */
export interface AgentService {
  /**
   * Runs the agent, or waits for the run that is under way under this key, or finds the receipt of a finished one.
   * A run that was started and is dead without a receipt is reported as `interrupted`, never run again.
   * Interrupting the call leaves the run alone: the next call with the key waits for it.
   *
   * An agent that can lose its own records asks the register, where it is given one, before it begins a run. One whose records
   * nobody can take away need not.
   */
  readonly submit: <E = never>(
    request: SubmitRequest,
    register?: StartRegister<E>,
  ) => Effect.Effect<AgentReceipt, AgentError | E>
  /** The receipt of a finished run; `undefined` where no run under this key has ended. Starts nothing and waits for nothing. */
  readonly find: (key: string) => Effect.Effect<AgentReceipt | undefined, AgentError>
  /** Ends the run under this key, if any, for good: a run that never began will not begin. A receipt stands. */
  readonly cancel: (key: string) => Effect.Effect<AgentReceipt, AgentError>
  /** Host path of the folder that is its own, where it has one: nothing is delivered into it. */
  readonly folder?: string
}

export class Agent extends Context.Service<Agent, AgentService>()("@waybill/runtime/Agent") {}
