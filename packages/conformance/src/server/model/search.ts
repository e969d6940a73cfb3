/**
 * Looks for a program whose answers no order of its requests explains, and makes it as short as it gets.
 *
 * @module
 */
import fc from "fast-check"
import { Violation } from "../../Law.ts"
import { answered, type Desk } from "../Desk.ts"
import { number } from "../documents.ts"
import { besideEachOther, judge } from "./judge.ts"
import { openings } from "./openings.ts"
import { programs } from "./programs.ts"
import { runProgram } from "./runProgram.ts"
import { type Failing, type RunOnce, shorten } from "./shorten.ts"
import type { Program } from "./Step.ts"

/** The time is the limit. */
const programs_max = 1_000_000
/** How long what was found is made shorter, at most; where a search is to be short, so is this. */
const shorten_ms_max = 8_000
const shorten_share = 2
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
export const search = async (desk: Desk, searched: Searched): Promise<void> => {
  const { cancels, works } = searched
  const attempts_max = await attemptsOf(desk, works)
  const runOnce: RunOnce = async (chosen) => {
    const histories = await Promise.all(chosen.map((program) => runProgram(desk, program, works)))
    return judge(besideEachOther(histories), attempts_max)
  }
  let failing: Failing | undefined
  const several = fc.array(programs(works, cancels), { minLength: 1, maxLength: programs_at_once })
  const property = fc.asyncProperty(several, async (chosen) => {
    const problem = await runOnce(chosen)
    if (problem === undefined) return
    failing = { programs: chosen, problem }
    throw new Error(problem.what)
  })
  const examples = openings(searched).map((chosen): [ReadonlyArray<Program>] => [chosen])
  const run = (more: fc.Parameters<[ReadonlyArray<Program>]>) =>
    fc.check(property, { seed: desk.seed, markInterruptAsFailure: false, endOnFailure: true, ...more })
  // The openings are few, and are run whatever the time.
  let details = await run({ examples, numRuns: examples.length })
  if (!details.failed) details = await run({ numRuns: programs_max, interruptAfterTimeLimit: desk.search_ms })
  if (failing === undefined) {
    // On a slow server the time may end within the first programs that were drawn: nothing is said against it.
    if (details.failed && !(details.interrupted && details.counterexample === null))
      throw details.errorInstance instanceof Error ? details.errorInstance : new Error(String(details.errorInstance))
    return
  }
  const until = performance.now() + Math.min(shorten_ms_max, desk.search_ms * shorten_share)
  // A run in which something got no answer says nothing about what was found.
  const runAgain: RunOnce = (chosen) => runOnce(chosen).catch(() => undefined)
  const { problem } = await shorten(failing, runAgain, () => performance.now() >= until)
  desk.show(problem.requests)
  throw new Violation({
    what: `${problem.what} (seed ${desk.seed})`,
    expected: problem.expected,
    found: problem.found,
  })
}
