/**
 * Whether what happened could have happened one request at a time, job by job.
 *
 * @module
 */
import { linearize } from "../../linearizability/index.ts"
import { shown, Words } from "../../Law.ts"
import { any, jobModel, type JobOutput, type JobState, wayOf } from "./JobModel.ts"
import type { Recorded } from "./runProgram.ts"

/** What is wrong with what happened, and the requests that show it. */
export interface Problem {
  readonly what: string
  readonly expected: unknown
  readonly found: unknown
  readonly requests: ReadonlyArray<string>
}

type Asked = Pick<Recorded, "input" | "answer">

const linesOf = (history: ReadonlyArray<Recorded>): ReadonlyArray<string> =>
  history
    .filter(({ command }) => command !== "")
    .map(({ command, outcome }) => `${command}\n# ${outcome.replaceAll("\n", "\n# ")}`)

/** What each of some requests is answered, as lines of a report. */
const linesOn = (requests: ReadonlyArray<Asked>, answerOf: (request: Asked) => JobOutput | undefined): Words =>
  new Words(
    requests
      .map((each) => `${each.input.kind}: ${shown(answerOf(each)).replaceAll(shown(any), "anything")}`)
      .join("\n"),
  )

/** A state that a model may be in after an order of requests that it agrees with. */
const stateAfter = (attempts_max: number, order: ReadonlyArray<Asked>): JobState => {
  const model = jobModel(attempts_max)
  const reached = order.reduce<ReadonlyArray<JobState>>(
    (states, { answer, input }) => states.flatMap((state) => model.next(state, input, answer?.output)),
    [model.initial],
  )
  return reached[0] ?? model.initial
}

/** The server made one id for two jobs: what each job shows alone is then of no use. */
const sharedIds = (history: ReadonlyArray<Recorded>): Problem | undefined => {
  const slotOf = new Map<string, number>()
  for (const { answer, slot } of history) {
    if (answer?.output.is !== "submitted") continue
    const { job_id } = answer.output
    const other = slotOf.get(job_id) ?? slot
    if (other !== slot)
      return {
        what: "two submissions that have nothing in common were answered with one job",
        expected: "two jobs",
        found: job_id,
        requests: linesOf(
          history.filter(({ answer: its }) => its?.output.is === "submitted" && its.output.job_id === job_id),
        ),
      }
    slotOf.set(job_id, slot)
  }
  return undefined
}

/** An answer that cannot be read, with everything that was asked of its job until then. */
const unreadable = (history: ReadonlyArray<Recorded>): Problem | undefined => {
  const wrong = history.find((each) => each.unreadable !== undefined)
  if (wrong?.unreadable === undefined) return undefined
  const { expected, found, what } = wrong.unreadable
  const requests = linesOf(history.filter(({ called, slot }) => slot === wrong.slot && called <= wrong.called))
  return { what: `the answer to a ${wrong.input.kind}: ${what}`, expected, found, requests }
}

/** What several programs did at the same time, as one history: no job of one is a job of another. */
export const besideEachOther = (histories: ReadonlyArray<ReadonlyArray<Recorded>>): ReadonlyArray<Recorded> => {
  let slots = 0
  return histories.flatMap((history) => {
    const first = slots
    slots += 1 + Math.max(-1, ...history.map(({ slot }) => slot))
    return history.map((each) => ({ ...each, slot: first + each.slot }))
  })
}

/** What is wrong with a history, or `undefined`. */
export const judge = (history: ReadonlyArray<Recorded>, attempts_max: number): Problem | undefined => {
  const evident = unreadable(history) ?? sharedIds(history)
  if (evident !== undefined) return evident
  for (const [, part] of Map.groupBy(history, ({ slot }) => slot)) {
    const found = linearize(jobModel(attempts_max), part)
    if (found.verdict === "linearizable") continue
    const requests = linesOf(part)
    if (found.verdict === "undecided")
      return { what: "the search was given up", expected: "an answer within its steps", found: found.steps, requests }
    const state = stateAfter(attempts_max, found.longest)
    return {
      what: `no order of these requests explains their answers; after ${found.longest.length} of them the job is ${state.status}, attempt ${state.attempt}`,
      expected: linesOn(found.stuck, ({ input }) => wayOf(state, input, attempts_max).output),
      found: linesOn(found.stuck, ({ answer }) => answer?.output),
      requests,
    }
  }
  return undefined
}
