/**
 * What ends an attempt, and as which failure of the catalogue.
 *
 * @module
 */
import { type DataPlaneError, failureOf } from "@waybill/data-plane"
import { type Failure, failures } from "@waybill/workspace-job"
import type { AgentError } from "../agent/Agent.ts"
import type { VerifierError } from "../verifier/Verifier.ts"
import type { Step } from "./Observer.ts"

/** Ends the attempt: the failure is recorded and nothing else happens. */
export class AttemptFailed {
  readonly _tag = "AttemptFailed"
  readonly step: Step
  readonly failure: Failure
  /** For whoever looks on; never part of a fact. */
  readonly detail: string
  constructor(step: Step, failure: Failure, detail: string) {
    this.step = step
    this.failure = failure
    this.detail = detail
  }
}

/** Which of an agent's errors end the attempt, because asking again would not help. */
const agentEnds: Partial<Record<AgentError["code"], Failure>> = {
  // Nothing was started, and nothing can be under this declaration.
  request_invalid: failures.submit_spec_builder_failed,
  // Records that are damaged or gone stay so: what they said of the run can be had from nobody any more.
  folder_damaged: failures.runtime_projection_missing,
  run_missing: failures.runtime_projection_missing,
  lock_held: failures.runtime_projection_missing,
}

/** The failure that ends the attempt by an agent's error; `undefined`: asking again may help. */
export const agentEnd = ({ code }: AgentError): Failure | undefined => agentEnds[code]

/** The failure that ends the attempt when there is no verdict. */
export const judgingEnd = (error: DataPlaneError | VerifierError): Failure => {
  if (error._tag !== "VerifierError") return failureOf(error)
  return error.code === "timeout" ? failures.verifier_timeout : failures.verifier_failed
}
