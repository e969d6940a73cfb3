import { Result } from "effect"
import { type CarrierLaw, firstOf, forPlausible, unless } from "../property.ts"
import { statesOf } from "../walk.ts"

const law: CarrierLaw = {
  id: "CARRIER-05",
  statement: "What a decider decides on fits the state it was decided on: the fold takes it without an anomaly.",
  violation:
    "a decider that leaves out what its fold checks: a step of an attempt that has ended, a reference to nothing.",
  check: (subject) =>
    forPlausible(subject, ({ events, taken }) => {
      const stateAt = statesOf(subject.carrier, events)
      return firstOf(taken, ({ after, answer, before, step }) => {
        if (step.projection === undefined || Result.isFailure(answer)) return undefined
        const { tolerates } = subject.carrier
        const state = stateAt(step, after)
        const found = [...state.anomalous()]
          .flatMap(([, anomalies]) => anomalies)
          .filter((anomaly) => anomaly.position > before && tolerates?.(anomaly) !== true)
        return unless(found.length === 0, `the anomalies of what ${step.name} decided`, [], found)
      })
    }),
}
export default law
