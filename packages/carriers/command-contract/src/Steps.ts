/**
 * Where a command with steps stands. Pure: the framework feeds it what the handler says.
 *
 * @module
 */
import type { StepReport } from "./Wire.ts"

/** Steps that ran, and the one that is running. */
export interface StepState {
  readonly completed: number
  readonly running: boolean
}

export const no_steps_yet: StepState = { completed: 0, running: false }

/** The next state, or why the handler may not say this now. */
export type StepMove =
  | { readonly ok: true; readonly state: StepState }
  | { readonly ok: false; readonly problem: string }

const known = (steps: ReadonlyArray<string>, name: string): string | undefined =>
  steps.includes(name)
    ? undefined
    : `${JSON.stringify(name)} is not a step of this command; its steps are ${steps.join(", ")}`

/** The handler says that a step begins: steps begin in their order, one at a time. */
export const startStep = (steps: ReadonlyArray<string>, state: StepState, name: string): StepMove => {
  const unknown = known(steps, name)
  if (unknown !== undefined) return { ok: false, problem: unknown }
  const next = steps[state.completed]
  if (state.running) return { ok: false, problem: `${name} begins while ${next ?? ""} is running; complete it first` }
  if (next !== name) return { ok: false, problem: `${name} begins out of order; ${next ?? "no step"} is next` }
  return { ok: true, state: { completed: state.completed, running: true } }
}

/** The handler says that a step is done: only the one that is running can be. */
export const completeStep = (steps: ReadonlyArray<string>, state: StepState, name: string): StepMove => {
  const unknown = known(steps, name)
  if (unknown !== undefined) return { ok: false, problem: unknown }
  if (!state.running || steps[state.completed] !== name) {
    return { ok: false, problem: `${name} is completed but was not started; call start("${name}") first` }
  }
  return { ok: true, state: { completed: state.completed + 1, running: false } }
}

/**
 * The report that goes into `data`. After a success all steps count as they are; after a failure the running step is the
 * failed one, and `partial` and `resume_from` say where to go on.
 */
export const reportSteps = (
  steps: ReadonlyArray<string>,
  state: StepState,
  ended: "success" | "failure",
): StepReport => {
  const failed = state.running ? (steps[state.completed] ?? null) : null
  const base = {
    completed_steps: steps.slice(0, state.completed),
    failed_step: failed,
    skipped_steps: steps.slice(state.completed + (failed === null ? 0 : 1)),
  }
  if (ended === "success") return base
  return { ...base, partial: true, resume_from: failed ?? steps[state.completed] ?? null }
}
