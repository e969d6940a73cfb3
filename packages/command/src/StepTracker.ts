import {
  type StepReport,
  type StepState,
  completeStep,
  no_steps_yet,
  reportSteps,
  startStep,
} from "@waybill/command-contract"
import { CommandError } from "./CommandError.ts"

/** Where a command with steps stands; without steps every word is a violation and there is no report. */
export interface StepTracker {
  readonly start: (name: string) => void
  readonly complete: (name: string) => void
  readonly report: (ended: "success" | "failure") => StepReport | undefined
  readonly completed: () => number
  /** The step that is running. */
  readonly running: () => string | undefined
}

/**
 * @param tell hears of every step
 * @throws CommandError STEP_PROTOCOL_VIOLATION from `start` and `complete`, when a step is said out of order
 */
export const makeStepTracker = (
  steps: ReadonlyArray<string> | undefined,
  tell: (event: "step_start" | "step_complete", step: string) => void,
): StepTracker => {
  let state: StepState = no_steps_yet
  const move = (apply: typeof startStep, event: "step_start" | "step_complete") => (name: string) => {
    const moved = apply(steps ?? [], state, name)
    if (!moved.ok) {
      throw new CommandError({ exit: "GENERAL_ERROR", code: "STEP_PROTOCOL_VIOLATION", message: `${moved.problem}.` })
    }
    state = moved.state
    tell(event, name)
  }
  return {
    start: move(startStep, "step_start"),
    complete: move(completeStep, "step_complete"),
    report: (ended) => (steps === undefined ? undefined : reportSteps(steps, state, ended)),
    completed: () => state.completed,
    running: () => (state.running ? steps?.[state.completed] : undefined),
  }
}
