/**
 * What a product declares about a job. Terminal path, digests, attempt numbers and the verdict are not among it.
 *
 * @module
 */
import type { Candidate, Source } from "@waybill/data-plane"
import type { AttemptNumber, Check, TerminalArtifact } from "@waybill/workspace-job"
import type { Effect } from "effect"
import type { AgentReceipt, SubmitSpec } from "../agent/Agent.ts"
import type { Verifier } from "../verifier/Verifier.ts"

/** May be a value, a promise or an Effect; whatever it throws or fails with is the declaration's own fault. */
export type Declared<A> = A | PromiseLike<A> | Effect.Effect<A, unknown>

export interface Seed {
  /** Workspace-virtual. */
  readonly path: string
  readonly content: Uint8Array
}

export interface BuildInput {
  readonly runId: string
  readonly attempt: number
  readonly candidatePath: string
  readonly terminalSchemaId: string
  readonly candidate: Candidate
  readonly receipt: AgentReceipt
}

/** The bytes of the artifact. What a builder believes about run and schema is compared, never adopted. */
export interface Built {
  readonly source: Source<unknown>
  readonly runId?: string
  readonly schemaId?: string
}

/** What is known when a first attempt is submitted. */
export interface SubmitContext {
  readonly runId: string
  readonly candidatePath: string
  /** Host path of the job's workspace. */
  readonly workspace: string
}

/** What is known when a repair attempt is submitted. */
export interface RepairContext extends SubmitContext {
  readonly attempt: AttemptNumber
  readonly previous: {
    readonly requestedEventId: string
    readonly attempt: AttemptNumber
    readonly terminalArtifact: TerminalArtifact
    readonly checks: ReadonlyArray<Check>
    /** The verdict's summary, or `verifier_rejected`. */
    readonly reason: string
  }
}

export interface Recovery {
  /** Attempts in all, the first included. Fixed by the job's first attempt. */
  readonly maxAttempts: number
  /** Asked before each repair; yes where absent. A no is not recorded. */
  readonly shouldRepair?: (context: RepairContext) => Declared<boolean>
  readonly submit: (context: RepairContext) => Declared<SubmitSpec>
}

export interface JobDeclaration {
  readonly runId: string
  readonly idempotencyKey: string
  readonly requestedBy: string
  readonly terminalSchemaId: string
  readonly workspaceRef?: string
  readonly inputRef?: string
  readonly inputHash?: string
  readonly seeds: ReadonlyArray<Seed>
  /** Where the agent leaves its work; workspace-virtual. */
  readonly candidatePath: string
  readonly submit: (context: SubmitContext) => Declared<SubmitSpec>
  /** Makes the artifact's bytes from the candidate; the candidate itself where absent. */
  readonly build?: (input: BuildInput) => Declared<Built>
  readonly verifier: Verifier
  /** How long the verifier may take, all it does included; five minutes by default. The one limit that a verifier has. */
  readonly verifierDeadline_ms?: number
  /**
   * How long one answer of this declaration may take (submit, build, whether to repair), and each piece of a stream that `build`
   * answers with; five minutes by default. The stream as a whole has the time that the data plane gives a call.
   */
  readonly answerDeadline_ms?: number
  readonly recovery?: Recovery
}
