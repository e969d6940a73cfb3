/**
 * Looks for a program whose answers no order of its requests explains, and makes it as short as it gets.
 *
 * @module
 */
import fc from "fast-check"
import { Violation } from "../../Law.ts"
import { answered, type Desk } from "../Desk.ts"
import { number } from "../documents.ts"
import { judge, type Problem } from "./judge.ts"
import { programs } from "./programs.ts"
import { runProgram } from "./runProgram.ts"
import type { Program } from "./Step.ts"

/** A shorter program may fail only now and then: it is tried so many times. */
const tries_while_shrinking = 4
/** The time is the limit. */
const programs_max = 1_000_000
/** How long a program that was found at the end of the time is made shorter. */
const shrink_ms = 5_000
/** So many programs run beside each other, each with jobs of its own. */
const programs_at_once = 6

/** How often a job may be claimed here: the server says so of each job. */
const attemptsOf = async (desk: Desk, works: boolean): Promise<number> => {
  const job_id = desk.fresh()
  await desk.submit({ job_type: "eval.suite", job_id })
  // The programs read jobs there: a route that is lacking is no job that is gone.
  const path = `/waybill/v1/jobs/${job_id}`
  if (works) answered(`GET ${path}`, await desk.get(path))
  return number((await desk.job(job_id)) ?? {}, "max_attempts")
}

/** What the programs may ask for besides submitting and reading: what the level of the law is about. */
export interface Searched {
  readonly works: boolean
  readonly cancels: boolean
}

/**
 * Runs random programs for as long as the desk allows.
 *
 * @throws {Violation} with the shortest program that was seen to fail; the desk shows its requests
 */
export const search = async (desk: Desk, { cancels, works }: Searched): Promise<void> => {
  const attempts_max = await attemptsOf(desk, works)
  let found: Problem | undefined
  const several = fc.array(programs(works, cancels), { minLength: 1, maxLength: programs_at_once })
  const property = fc.asyncProperty(several, async (chosen) => {
    for (let i = 0; i < (found === undefined ? 1 : tries_while_shrinking); i++) {
      const histories = await Promise.all(chosen.map((program) => runProgram(desk, program, works)))
      const problem = histories.map((history) => judge(history, attempts_max)).find((each) => each !== undefined)
      if (problem === undefined) continue
      found = problem
      throw new Error(problem.what)
    }
  })
  const run = (more: fc.Parameters<[ReadonlyArray<Program>]>) =>
    fc.check(property, { seed: desk.seed, numRuns: programs_max, markInterruptAsFailure: false, ...more })
  let details = await run({ interruptAfterTimeLimit: desk.search_ms })
  // On a slow server the time may end within the first programs: they are run nevertheless.
  if (details.interrupted && details.failed && details.counterexample === null) details = await run({ numRuns: 1 })
  if (found === undefined) {
    if (details.failed)
      throw details.errorInstance instanceof Error ? details.errorInstance : new Error(String(details.errorInstance))
    return
  }
  // Found late, it could not be made much shorter: that goes on, for a while.
  if (details.interrupted && details.counterexamplePath !== null)
    await run({ path: details.counterexamplePath, interruptAfterTimeLimit: shrink_ms })
  desk.show(found.requests)
  throw new Violation({
    what: `${found.what} (seed ${desk.seed})`,
    expected: found.expected,
    found: found.found,
  })
}
