/**
 * Makes programs that were seen to fail as short as they get. A race fails only now and then: how often what is there fails is counted,
 * and what is shorter is tried so often that it would hardly have been missed.
 *
 * @module
 */
import type { Problem } from "./judge.ts"
import type { Program, Step } from "./Step.ts"

/** Programs that run beside each other, and what was wrong when they did. */
export interface Failing {
  readonly programs: ReadonlyArray<Program>
  readonly problem: Problem
}

/** Runs programs once; what was wrong, or `undefined`. */
export type RunOnce = (programs: ReadonlyArray<Program>) => Promise<Problem | undefined>

/** So often the programs are run at first, to see how often they fail. */
const counted = 6
const tries_max = 24
/** What fails once in n tries is tried n times this often. */
const tries_factor = 2

const withSteps = (program: Program, steps: ReadonlyArray<Step>): Program => ({ ...program, steps })

/** All programs with some of their steps: which ones is asked of each, by its number in all of them. */
const onlySteps = (programs: ReadonlyArray<Program>, isKept: (number: number) => boolean): ReadonlyArray<Program> => {
  let number = 0
  return programs.map((program) =>
    withSteps(
      program,
      program.steps.filter(() => isKept(number++)),
    ),
  )
}

const isEmpty = ({ steps }: Program): boolean => steps.length === 0
const lengthOf = (programs: ReadonlyArray<Program>): number =>
  programs.reduce((sum, { steps }) => sum + steps.length, 0)

/** Without one program each, and without a half, a quarter … of the steps each. */
function* cuts(programs: ReadonlyArray<Program>): Generator<ReadonlyArray<Program>> {
  if (programs.length > 1) {
    for (const one of programs) yield [one]
    for (const [i] of programs.entries()) yield programs.toSpliced(i, 1)
  }
  const length = lengthOf(programs)
  for (let size = Math.ceil(length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < length; from += size)
      yield onlySteps(programs, (number) => number < from || number >= from + size)
}

/** One step each in a plainer form: heard to the end, sent alone, with the present hold. */
const plainer = ({ action, hangUp_ms, isTogether, slot }: Step): ReadonlyArray<Step> => [
  ...(hangUp_ms === undefined ? [] : [{ slot, action, isTogether }]),
  ...(isTogether ? [{ slot, action, isTogether: false, ...(hangUp_ms === undefined ? {} : { hangUp_ms }) }] : []),
  ...("back" in action && action.back > 0
    ? [{ slot, action: { ...action, back: 0 }, isTogether, ...(hangUp_ms === undefined ? {} : { hangUp_ms }) }]
    : []),
]

function* plainerPrograms(programs: ReadonlyArray<Program>): Generator<ReadonlyArray<Program>> {
  for (const [i, program] of programs.entries()) {
    for (const [j, step] of program.steps.entries())
      for (const plain of plainer(step)) yield programs.with(i, withSteps(program, program.steps.with(j, plain)))
    for (const [j, slot] of program.slots.entries())
      if (slot.isThere && program.steps.some((step) => step.slot === j))
        yield programs.with(i, { ...program, slots: program.slots.with(j, { ...slot, isThere: false }) })
  }
}

/** How much there is to read in them: programs, steps, submissions before them, and what makes a step special. */
const sizeOf = (programs: ReadonlyArray<Program>): number =>
  programs.reduce(
    (sum, { slots, steps }) =>
      sum +
      1 +
      steps.reduce(
        (of, { action, hangUp_ms, isTogether }) =>
          of +
          10 +
          (isTogether ? 1 : 0) +
          (hangUp_ms === undefined ? 0 : 1) +
          ("back" in action && action.back > 0 ? 1 : 0),
        0,
      ) +
      slots.filter(({ isThere }, j) => isThere && steps.some(({ slot }) => slot === j)).length * 5,
    0,
  )

/**
 * The shortest programs that were still seen to fail.
 *
 * @param isOver whether the time is up; what was found until then is answered
 */
export const shorten = async (first: Failing, run: RunOnce, isOver: () => boolean): Promise<Failing> => {
  let best = first
  let tries = tries_max
  const seen = new Set<string>()

  const failsIn = async (programs: ReadonlyArray<Program>, times: number): Promise<number> => {
    let failed = 0
    for (let i = 0; i < times && !isOver(); i++) if ((await run(programs)) !== undefined) failed++
    return failed
  }
  const count = async (): Promise<void> => {
    const failed = await failsIn(best.programs, counted)
    tries = failed === 0 ? tries_max : Math.min(tries_max, Math.ceil((counted / failed) * tries_factor))
  }
  const attempt = async (candidate: ReadonlyArray<Program>): Promise<boolean> => {
    const programs = candidate.filter((program) => !isEmpty(program))
    const key = JSON.stringify(programs)
    if (programs.length === 0 || seen.has(key) || sizeOf(programs) >= sizeOf(best.programs)) return false
    seen.add(key)
    for (let i = 0; i < tries && !isOver(); i++) {
      const problem = await run(programs)
      if (problem === undefined) continue
      best = { programs, problem }
      return true
    }
    return false
  }
  const firstOf = async (candidates: Iterable<ReadonlyArray<Program>>): Promise<boolean> => {
    for (const candidate of candidates) {
      if (isOver()) return false
      if (await attempt(candidate)) return true
    }
    return false
  }

  await count()
  // A program that was shortened may fail more often, and then the next ones need fewer tries.
  while (!isOver() && ((await firstOf(cuts(best.programs))) || (await firstOf(plainerPrograms(best.programs)))))
    await count()
  return best
}
