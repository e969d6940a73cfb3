/**
 * Looks for a program whose answers no order of its requests explains, and makes it as short as it gets.
 *
 * @module
 */
import fc from "fast-check"
import { Violation } from "../../Law.ts"
import type { Desk } from "../Desk.ts"
import { judge, type Problem } from "./judge.ts"
import { programs } from "./programs.ts"
import { runProgram } from "./runProgram.ts"

/** A shorter program may fail only now and then: it is tried so many times. */
const tries_while_shrinking = 4
const attempts_max = 3
/** So many programs run beside each other, each with jobs of its own. */
const programs_at_once = 6

/**
 * Runs random programs for as long as the desk allows.
 *
 * @throws {Violation} with the shortest program that was seen to fail; the desk shows its requests
 */
export const search = async (desk: Desk, works: boolean): Promise<void> => {
  let found: Problem | undefined
  const several = fc.array(programs(works, desk.can.cancels), { minLength: 1, maxLength: programs_at_once })
  const property = fc.asyncProperty(several, async (chosen) => {
    for (let i = 0; i < (found === undefined ? 1 : tries_while_shrinking); i++) {
      const histories = await Promise.all(chosen.map((program) => runProgram(desk, program, works)))
      const problem = histories.map((history) => judge(history, attempts_max)).find((each) => each !== undefined)
      if (problem === undefined) continue
      found = problem
      throw new Error(problem.what)
    }
  })
  const details = await fc.check(property, {
    seed: desk.seed,
    numRuns: 1_000_000,
    interruptAfterTimeLimit: desk.search_ms,
    markInterruptAsFailure: false,
  })
  if (found === undefined) {
    if (details.failed)
      throw details.errorInstance instanceof Error ? details.errorInstance : new Error(String(details.errorInstance))
    return
  }
  desk.show(found.requests)
  throw new Violation({
    what: `${found.what} (seed ${desk.seed}, made ${details.numShrinks} times shorter)`,
    expected: found.expected,
    found: found.found,
  })
}
