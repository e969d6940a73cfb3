import { isDeepStrictEqual } from "node:util"
import { elsewhere } from "../elsewhere.ts"
import { type CarrierLaw, firstOf, forPlausible, unless } from "../property.ts"
import { answered, seen } from "../states.ts"
import { statesOf } from "../walk.ts"

const law: CarrierLaw = {
  id: "CARRIER-04",
  statement: "A decider answers the same command on the same state alike, at any time, and changes neither.",
  violation: "a decider that looks at the clock, draws an id, counts its calls or sorts a list of its state in place.",
  check: (subject) =>
    forPlausible(subject, ({ events, taken }) => {
      const stateAt = statesOf(subject.carrier, events)
      return firstOf(taken, ({ answer, before, move, step }) => {
        const state = stateAt(step, before)
        const [stateBefore, commandBefore] = [seen(state), JSON.stringify(move.command)]
        const again = elsewhere(() => move.decide(state))
        return (
          unless(
            isDeepStrictEqual(answered(again), answered(answer)),
            `what ${step.name} answers on another day`,
            answered(answer),
            answered(again),
          ) ??
          unless(
            isDeepStrictEqual(seen(state), stateBefore),
            `the state after ${step.name}`,
            stateBefore,
            seen(state),
          ) ??
          unless(
            JSON.stringify(move.command) === commandBefore,
            `the command after ${step.name}`,
            commandBefore,
            JSON.stringify(move.command),
          )
        )
      })
    }),
}
export default law
