import { Result } from "effect"
import { type CarrierLaw, firstOf, forPlausible, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "CARRIER-07",
  statement: "A decider decides on no fact whose unique key is held, nor on two with the same.",
  violation: "a decider that leaves the key to the store: its caller hears of a conflict and not of who holds the key.",
  appliesTo: ({ carrier }) =>
    carrier.facts.some(({ unique }) => unique !== undefined) ? undefined : "no type of fact declares a unique key",
  check: (subject) =>
    forPlausible(subject, ({ taken }) => {
      const held = new Map<string, string>()
      return firstOf(taken, ({ answer, step }) => {
        if (Result.isFailure(answer)) return undefined
        return firstOf(answer.success, ({ event_type, job_id, unique }) => {
          if (unique === undefined) return undefined
          const key = `${event_type} ${unique.field} ${unique.value}`
          const holder = held.get(key)
          held.set(key, holder ?? job_id)
          if (step.projection === undefined) return undefined
          return unless(holder === undefined, `who held the key of what ${step.name} decided`, undefined, {
            key,
            holder,
          })
        })
      })
    }),
}
export default law
