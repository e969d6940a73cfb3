/**
 * Where what verifiers print is kept, if anybody keeps it.
 *
 * @module
 */
import type { CapturedOutput, ProcessExit } from "@waybill/host"
import { Context, Effect } from "effect"

/** What one command printed in one verification, without the values that it was given in its environment. */
export interface VerifierOutput {
  readonly runId: string
  readonly attempt: number
  readonly verifier: string
  readonly exit: ProcessExit
  /** Its time was up, or whoever asked went away: it was ended, and has answered nothing. */
  readonly wasCutOff: boolean
  readonly stdout: CapturedOutput
  readonly stderr: CapturedOutput
}

/** Keeps an output. Called when the command has ended, before its verdict counts; cannot fail, as it must not change the verdict. */
export type KeepOutput = (output: VerifierOutput) => Effect.Effect<void>

/**
 * Who keeps the outputs of the verifiers that are made here; nobody, unless it is provided to `commandVerifier`. Of a verifier that was
 * cut off it is what it had printed by then.
 */
export const VerifierOutputs = Context.Reference<KeepOutput>("@waybill/runtime/VerifierOutputs", {
  defaultValue: () => () => Effect.void,
})
