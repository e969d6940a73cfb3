import { Result } from "effect"
import { type CarrierLaw, firstOf, forPlausible, unless } from "../property.ts"
import { answered } from "../states.ts"
import { statesOf } from "../walk.ts"

const law: CarrierLaw = {
  id: "CARRIER-06",
  statement: "A command that was done decides on nothing when it is given again.",
  violation:
    "a decider that does not recognise what it has done: whoever lost the answer and asks again does it twice.",
  appliesTo: ({ carrier }) =>
    carrier.steps.some(({ isIdempotent }) => isIdempotent)
      ? undefined
      : "no step says that its commands are idempotent",
  check: (subject) =>
    forPlausible(subject, ({ events, taken }) => {
      const stateAt = statesOf(subject.carrier, events)
      return firstOf(taken, ({ after, answer, before, move, step }) => {
        if (!step.isIdempotent || Result.isFailure(answer) || after === before) return undefined
        const again = move.decide(stateAt(step, after))
        const isNothing = Result.isFailure(again) || again.success.length === 0
        return unless(isNothing, `what ${step.name} answers the second time`, "a refusal, or no facts", answered(again))
      })
    }),
}
export default law
